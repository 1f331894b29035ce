import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CliError } from '../cli-error.ts';

/**
 * The command line that runs the engine: in a build the files beside the executable (`dist/bin/berth` →
 * `dist/engine/node dist/engine/main.mjs`), else the sources under this very Node. Throws when it is not there.
 */
export function engineCommand(): string[] {
  return present(
    isExecutable() ? builtProgram('main.mjs') : [process.execPath, source('../../engine/main.ts')],
    'the engine is',
    ', or name a running engine with -H or BERTH_HOST',
  );
}

/** As `engineCommand`, for the registry: `dist/engine/node dist/engine/registry.mjs`. */
export function registryCommand(): string[] {
  return present(
    isExecutable() ? builtProgram('registry.mjs') : [process.execPath, source('../../registry/main.ts')],
    'the registry is',
  );
}

function present(command: string[], what: string, orElse = ''): string[] {
  for (const path of command)
    if (!existsSync(path))
      throw new CliError(
        `${what} not installed beside this program: ${path} is missing\nRun \`npm run build\` in the source folder${orElse}.`,
      );
  return command;
}

/** True in the single executable that `npm run build` makes. */
function isExecutable(): boolean {
  return import.meta.url.includes('/$bunfs/');
}

function builtProgram(file: string): string[] {
  const program = process.execPath;
  const folder = `${program.slice(0, program.lastIndexOf('/'))}/../engine`;
  return [`${folder}/node`, `${folder}/${file}`];
}

/** `relative` to this file. */
function source(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
