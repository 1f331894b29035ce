import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createWebServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Git server on loopback with repositories made by a test. */
export interface GitServer extends AsyncDisposable {
  /** `git://127.0.0.1:PORT/NAME.git` */
  url(name: string): string;
  /** The directory that it serves. */
  served: string;
  /** A new repository with a working tree; `git` runs git in it. `publish` makes what was committed reachable. */
  repository(name: string): { folder: string; git(...args: string[]): string; publish(): void };
}

/** The same repositories by http, for those alone who give `user:password`. */
export interface GitWeb extends AsyncDisposable {
  /** `http://USER@127.0.0.1:PORT/NAME.git`, with what is to stand for the user. */
  url(name: string, userinfo?: string): string;
}

/** Starts git's own CGI program behind a web server. */
export async function startGitWeb(served: string, account: string): Promise<GitWeb> {
  const expected = `Basic ${Buffer.from(account).toString('base64')}`;
  const server = createWebServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const { pathname, search } = new URL(request.url ?? '/', 'http://host');
    const backend = spawn('git', ['http-backend'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {
        ...{ PATH: process.env['PATH'], GIT_PROJECT_ROOT: served, GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: 'somebody' },
        ...{ PATH_INFO: pathname, QUERY_STRING: search.slice(1), REQUEST_METHOD: request.method },
        ...{
          CONTENT_TYPE: request.headers['content-type'],
          GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        },
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
        // Safe: a repository that this test made itself.
        ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
      },
    });
    request.pipe(backend.stdin);
    const pieces: Buffer[] = [];
    backend.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    backend.once('close', () => {
      const all = Buffer.concat(pieces);
      const end = all.indexOf('\r\n\r\n');
      const headers = all
        .subarray(0, Math.max(0, end))
        .toString()
        .split('\r\n')
        .map((line) => line.split(': '));
      const status = headers.find(([name]) => name === 'Status')?.[1];
      response.statusCode = status === undefined ? 200 : Number.parseInt(status, 10);
      for (const [name = '', value = ''] of headers)
        if (name !== '' && name !== 'Status') response.setHeader(name, value);
      response.end(all.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  return {
    url: (name, userinfo) => `http://${userinfo === undefined ? '' : `${userinfo}@`}${host}/${name}.git`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
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
    served: join(root, 'served'),
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
