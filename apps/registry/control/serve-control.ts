import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describeError, type Scope } from '@berth/kit';
import { sendJson } from '../http/send.ts';
import type { Registry } from '../registry.ts';
import { withSocketPath } from './socket-path.ts';

/**
 * Serves commands of this machine's administrator at a socket in the root, which only its owner may enter:
 * `POST /gc` and `POST /retention`, with `?dry-run=true`, and `grace` (milliseconds) for the first. The root must be
 * claimed: a socket that is there is one that a registry left.
 */
export async function serveControl(root: string, registry: Registry, scope: Scope): Promise<void> {
  const path = join(root, 'control.sock');
  rmSync(path, { force: true });
  const server = createServer((message, answer) => {
    serveOne(registry, message, answer).catch((error) => sendJson(answer, 500, { message: describeError(error) }));
  });
  await withSocketPath(
    root,
    (socket) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(socket, resolve);
      }),
  );
  chmodSync(path, 0o600);
  scope.add('stop taking commands', async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    rmSync(path, { force: true });
  });
}

async function serveOne(registry: Registry, message: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(message.url ?? '/', 'http://control');
  const dryRun = searchParams.get('dry-run') === 'true';
  const grace = searchParams.get('grace');
  const gone = new AbortController();
  answer.once('close', () => gone.abort());
  const { signal } = gone;
  if (message.method !== 'POST') sendJson(answer, 405, { message: 'commands are sent by POST' });
  else if (pathname === '/gc')
    sendJson(
      answer,
      200,
      await registry.collect({ dryRun, graceMs: grace === null ? undefined : Number(grace), signal }),
    );
  else if (pathname === '/retention') sendJson(answer, 200, await registry.retain({ dryRun, signal }));
  else sendJson(answer, 404, { message: `no such command: ${pathname}` });
}
