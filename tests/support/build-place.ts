import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { clientProgram } from './client.ts';
import { type CommandOptions, type CommandResult, run } from './docker.ts';
import { startTestEngine, type TestEngine } from './engine.ts';
import { busyboxImage, dockerArchive } from './images.ts';

/** Whose client. */
export type Client = 'berth' | 'docker';

/** `client` is Berth's unless it is said. */
export type ClientOptions = CommandOptions & { client?: Client };

/** An engine with the image `busybox`, and a folder where clients build with it. */
export interface BuildPlace extends AsyncDisposable {
  readonly engine: TestEngine;
  /** Where clients run, and where they have their home, their configuration and their cache. */
  readonly folder: string;
  /** Runs a client. */
  client(args: string[], options?: ClientOptions): Promise<CommandResult>;
  /** Runs a client that must end with 0. */
  ok(args: string[], options?: ClientOptions): Promise<CommandResult>;
  /** A new directory with these files. */
  context(files: Record<string, string>): string;
}

export async function openBuildPlace(): Promise<BuildPlace> {
  const engine = await engineWithBusybox();
  const folder = mkdtempSync(join(tmpdir(), 'berth-e2e-build-'));
  const surroundings = {
    ...{ DOCKER_HOST: engine.host, DOCKER_CONFIG: folder },
    ...{ HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') },
  };
  const client = (args: string[], { client: name = 'berth', env, ...options }: ClientOptions = {}) =>
    run(clientProgram(name), args, { cwd: folder, ...options, env: { ...surroundings, ...env } });
  let count = 0;
  return {
    ...{ engine, folder, client },
    async ok(args, options) {
      const result = await client(args, options);
      expect(result.code, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(0);
      return result;
    },
    context(files) {
      const path = join(folder, `context-${++count}`);
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), content);
      }
      return path;
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
      await engine.stop();
    },
  };
}

/** A test engine that has `busybox:latest`. */
export async function engineWithBusybox(): Promise<TestEngine> {
  const engine = await startTestEngine();
  const loaded = await engine.request('POST', '/images/load?quiet=1', {
    body: dockerArchive([busyboxImage(['busybox:latest'])]),
    headers: { 'content-type': 'application/x-tar' },
  });
  expect(loaded.status).toBe(200);
  return engine;
}
