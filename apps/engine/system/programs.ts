import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ProgramFacts } from './model.ts';

const run = promisify(execFile);

/** The programs that the engine works with, as installed on this host. Missing ones are left out. */
export async function findPrograms(): Promise<{
  monitor: ProgramFacts;
  init: ProgramFacts | undefined;
  runtimes: ProgramFacts[];
}> {
  const [monitor, init, ...runtimes] = await Promise.all([
    find('conmon'),
    find('catatonit'),
    find('crun'),
    find('runc'),
  ]);
  return {
    monitor: monitor ?? { name: 'conmon', path: '', version: 'not installed' },
    init,
    runtimes: runtimes.filter((r) => r !== undefined),
  };
}

async function find(name: string): Promise<ProgramFacts | undefined> {
  const path = (process.env['PATH'] ?? '')
    .split(':')
    .map((dir) => join(dir, name))
    .find((candidate) => existsSync(candidate));
  if (path === undefined) return undefined;
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 10_000 });
    return { name, path, version: /(\d+\.\d+[\w.+~-]*)/.exec(stdout)?.[1] ?? 'unknown' };
  } catch {
    return undefined; // installed and broken counts as missing
  }
}
