import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dispatch } from '../../apps/cli/dispatch.ts';
import { openContext } from '../../apps/cli/open-context.ts';
import { fileInput } from '../../apps/cli/streams.ts';
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
  const texts = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => {
    const decoder = new TextDecoder();
    return {
      write(data: string | Uint8Array) {
        texts[name] += typeof data === 'string' ? data : decoder.decode(data, { stream: true });
      },
      drain: async () => undefined,
      pending: 0,
      isTerminal: false,
      colors: false,
      size: () => undefined,
    };
  };
  const [out, err] = [output('stdout'), output('stderr')];
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: engine.folder,
    DOCKER_CONFIG: engine.folder,
    DOCKER_HOST: engine.host,
    ...options.env,
  };
  try {
    const code = await dispatch(args, {
      programName: 'docker',
      configDir: env.DOCKER_CONFIG,
      columns: () => 80,
      out: (text) => out.write(text),
      err: (text) => err.write(text),
      openContext: (global) => openContext(global, { programName: 'docker', env, out, err, in: fileInput(fd, false) }),
    });
    return { code, ...texts };
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
