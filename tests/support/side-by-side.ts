import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientHere } from './client-here.ts';
import { type FakeEngine, findDocker, type Outcome, runClient } from './fake-engine.ts';

export interface RunOptions {
  env?: Record<string, string>;
  stdin?: string | Buffer;
}

/** Our own client in this process, under the name `docker`, against the fake engine. */
export async function runBerth(
  engine: FakeEngine,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  process.env.TZ = 'UTC';
  const folder = mkdtempSync(join(tmpdir(), 'berth-stdin-'));
  writeFileSync(join(folder, 'in'), options.stdin ?? '');
  const fd = openSync(join(folder, 'in'), 'r');
  try {
    return await clientHere(args, {
      ...{ programName: 'docker', host: engine.host, folder: engine.folder, env: options.env, stdin: fd },
    });
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The real client and ours, one after the other, on the same engine. */
export async function sideBySide(
  engine: FakeEngine,
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ docker: Outcome; berth: Outcome }> {
  const docker = await runClient(engine, [findDocker() ?? 'docker'], args, options);
  return { docker, berth: await runBerth(engine, args, options) };
}
