import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientProgram } from '../../support/client.ts';
import { type CommandOptions, type CommandResult, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine, type TestEngineOptions } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

/** An engine with a busybox image, the built client, and a folder of their own. */
export interface Place extends AsyncDisposable {
  engine: TestEngine;
  folder: string;
  env: Record<string, string>;
  /** Runs `berth ARGS` to its end. */
  berth(args: string[], options?: CommandOptions): Promise<CommandResult>;
  /** Starts `berth ARGS` and leaves it running. */
  begin(args: string[]): Running;
}

export interface Running {
  child: ChildProcessWithoutNullStreams;
  ended: Promise<CommandResult & { signal: NodeJS.Signals | null }>;
  /** Resolves when stdout and stderr so far contain the text. */
  shows(text: string): Promise<void>;
}

export async function openPlace(options: TestEngineOptions = {}): Promise<Place> {
  const program = clientProgram('berth');
  const engine = await startTestEngine(options);
  const folder = mkdtempSync(join(tmpdir(), 'berth-cli-'));
  const env = { DOCKER_HOST: engine.host, DOCKER_CONFIG: folder, HOME: folder, TERM: 'xterm' };
  const archive = dockerArchive([busyboxImage(['busybox:latest'])]);
  const loaded = await run(program, ['load'], { input: archive, env });
  if (loaded.code !== 0) throw new Error(`the image was not loaded: ${loaded.stderr}`);
  return {
    engine,
    folder,
    env,
    berth: (args, options) => run(program, args, { cwd: folder, ...options, env: { ...env, ...options?.env } }),
    begin: (args) => begin(program, args, { ...process.env, ...env }),
    async [Symbol.asyncDispose]() {
      try {
        await engine.stop();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export function begin(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(program, args, { env });
  const seen = { stdout: '', stderr: '' };
  let look = () => {};
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      seen[name] += text;
      look();
    });
  child.stdin.on('error', () => undefined); // it may end without reading
  const ended = new Promise<CommandResult & { signal: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code: code ?? -1, signal, ...seen })),
  );
  const shows = (text: string) =>
    new Promise<void>((resolve, reject) => {
      look = () => {
        if ((seen.stdout + seen.stderr).includes(text)) resolve();
      };
      look();
      void ended.then(() =>
        reject(new Error(`it ended without showing ${JSON.stringify(text)}: ${seen.stdout}${seen.stderr}`)),
      );
    });
  return { child, ended, shows };
}
