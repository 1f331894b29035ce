// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds the client as one executable with Bun: minified, with bytecode, so that it starts in a few milliseconds.
 * Called as `node tools/build-cli.mjs [TARGET]`, default dist/bin/berth. The file is replaced in one step, so a client
 * that runs keeps its own.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = process.argv[2] ?? join(root, 'dist/bin/berth');
const architecture = arch() === 'arm64' ? 'aarch64' : arch();
const bun = join(root, `node_modules/@oven/bun-linux-${architecture}/bin/bun`);
const unfinished = `${target}.${process.pid}.unfinished`;

mkdirSync(dirname(target), { recursive: true });
try {
  const built = spawnSync(
    bun,
    [
      'build',
      '--compile',
      '--minify',
      '--bytecode',
      // Each command in a part of its own: a start loads the asked one and what it imports.
      '--splitting',
      '--format=esm',
      join(root, 'apps/cli/main.ts'),
      '--outfile',
      unfinished,
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (built.error) throw built.error;
  if (built.status !== 0)
    throw new Error(`bun build ended with ${built.status ?? built.signal}\n${built.stdout}${built.stderr}`);
  renameSync(unfinished, target);
} catch (error) {
  rmSync(unfinished, { force: true });
  process.stderr.write(`build-cli: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
