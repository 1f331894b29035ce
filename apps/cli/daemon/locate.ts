import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CliError } from '../cli-error.ts';

/**
 * The command line that runs the engine: in a build the files beside the executable (`dist/bin/berth` →
 * `dist/engine/node dist/engine/main.mjs`), else the sources under this very Node. Throws when it is not there.
 */
export function engineCommand(): string[] {
  const command = isExecutable() ? builtEngine(process.execPath) : [process.execPath, sourceEngine()];
  for (const path of command)
    if (!existsSync(path))
      throw new CliError(
        `the engine is not installed beside this program: ${path} is missing\nRun \`npm run build\` in the source folder, or name a running engine with -H or BERTH_HOST.`,
      );
  return command;
}

/** True in the single executable that `npm run build` makes. */
function isExecutable(): boolean {
  return import.meta.url.includes('/$bunfs/');
}

function builtEngine(program: string): string[] {
  const folder = `${program.slice(0, program.lastIndexOf('/'))}/../engine`;
  return [`${folder}/node`, `${folder}/main.mjs`];
}

function sourceEngine(): string {
  return fileURLToPath(new URL('../../engine/main.ts', import.meta.url));
}
