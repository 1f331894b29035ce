import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** An answer: a status with a JSON body, raw text, or a function that writes it. */
export type Answer =
  | { status?: number; json: unknown }
  | { status?: number; text: string; type?: string }
  | ((request: IncomingMessage, response: ServerResponse, body: Buffer) => void | Promise<void>);

/** Answers by `METHOD /path` without the API version; a key may end in `*`. The longest match wins. */
export type Routes = Record<string, Answer>;

export interface SeenRequest {
  method: string;
  /** Without version and query. */
  path: string;
  query: Record<string, string>;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** An engine that only answers what it was told, on a socket of its own in a temporary folder. */
export interface FakeEngine extends AsyncDisposable {
  /** `unix:///…`, for DOCKER_HOST. */
  host: string;
  /** Temporary folder, also the configuration folder of the clients. */
  folder: string;
  routes: Routes;
  seen: SeenRequest[];
}

/** Starts one. `routes` may be changed while it runs. What is not there answers 404 as Docker does. */
export async function startFakeEngine(routes: Routes = {}): Promise<FakeEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-fake-'));
  const socket = join(folder, 'e.sock');
  const engine: Omit<FakeEngine, typeof Symbol.asyncDispose> = { host: `unix://${socket}`, folder, routes, seen: [] };
  const server = createServer((request, response) => {
    answer(engine, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return Object.assign(engine, {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  });
}

async function answer(engine: Pick<FakeEngine, 'routes' | 'seen'>, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '/', 'http://engine');
  const path = decodeURIComponent(url.pathname.replace(/^\/v\d+\.\d+(?=\/)/, ''));
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const method = request.method ?? 'GET';
  response.setHeader('Api-Version', '1.50');
  response.setHeader('Ostype', 'linux');
  response.setHeader('Docker-Experimental', 'false');
  if (path === '/_ping') return void response.end('OK');
  engine.seen.push({ method, path, query: Object.fromEntries(url.searchParams), headers: request.headers, body });
  const found = match(engine.routes, `${method} ${path}`);
  if (typeof found === 'function') return found(request, response, body);
  if (!found) return sendJson(response, 404, { message: 'page not found' });
  if ('json' in found) return sendJson(response, found.status ?? 200, found.json);
  response.writeHead(found.status ?? 200, { 'Content-Type': found.type ?? 'application/json' }).end(found.text);
}

function match(routes: Routes, wanted: string): Answer | undefined {
  const keys = Object.keys(routes).filter((key) =>
    key.endsWith('*') ? wanted.startsWith(key.slice(0, -1)) : key === wanted,
  );
  const best = keys.sort((a, b) => b.length - a.length)[0];
  return best === undefined ? undefined : routes[best];
}

function sendJson(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(status === 204 ? undefined : `${JSON.stringify(json)}\n`);
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Where the real `docker` client is; undefined when this machine has none (tests then skip, saying so). */
export function findDocker(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'docker');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Runs a client against the fake engine with a clean environment; ends it after ten seconds. */
export function runClient(
  engine: FakeEngine,
  program: readonly [string, ...string[]],
  args: readonly string[],
  options: { env?: Record<string, string>; stdin?: string | Buffer } = {},
): Promise<Outcome> {
  const [command, ...first] = program;
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: engine.folder,
    DOCKER_CONFIG: engine.folder,
    DOCKER_HOST: engine.host,
    TZ: 'UTC',
    ...options.env,
  };
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], { env, cwd: engine.folder, timeout: 10_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    // A client that does not read its input closes it: nothing to say about that.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
  });
}
