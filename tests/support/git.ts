import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Git server on loopback with repositories made by a test. */
export interface GitServer extends AsyncDisposable {
  /** `git://127.0.0.1:PORT/NAME.git` */
  url(name: string): string;
  /** A new repository with a working tree; `git` runs git in it. `publish` makes what was committed reachable. */
  repository(name: string): { folder: string; git(...args: string[]): string; publish(): void };
}

/** Starts one; it is git's own daemon. */
export async function startGitServer(): Promise<GitServer> {
  const root = mkdtempSync(join(tmpdir(), 'berth-git-'));
  const port = await freePort();
  // The daemon ends at once when this is not there.
  mkdirSync(join(root, 'served'));
  const daemon = spawn(
    'git',
    [
      'daemon',
      '--reuseaddr',
      '--export-all',
      '--listen=127.0.0.1',
      `--port=${port}`,
      `--base-path=${root}/served`,
      `${root}/served`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => daemon.once('close', resolve));
  await untilListening(port);
  return {
    url: (name) => `git://127.0.0.1:${port}/${name}.git`,
    repository(name) {
      const folder = join(root, name);
      mkdirSync(folder);
      const git = (...args: string[]) =>
        execFileSync(
          'git',
          ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'protocol.file.allow=always', ...args],
          {
            cwd: folder,
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'pipe'],
          },
        );
      git('init', '-q', '-b', 'main');
      return {
        folder,
        git,
        publish: () => {
          rmSync(join(root, 'served', `${name}.git`), { recursive: true, force: true });
          git('clone', '-q', '--bare', folder, join(root, 'served', `${name}.git`));
        },
      };
    },
    async [Symbol.asyncDispose]() {
      daemon.kill();
      await ended;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const listening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (listening) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('git daemon did not start');
}
