import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BerthError, errnoOf } from '@berth/kit';
import { parseAddress } from '../http/address.ts';

/** What is asked by those who watch over a registry. */
export interface HealthParts {
  /** Resolves when requests can be served; rejects saying why they cannot. */
  ready(): Promise<void>;
  /** Prometheus text; undefined where figures are not to be had at this address. */
  metrics: (() => string) | undefined;
}

/** Longest time that looking may take. Milliseconds. */
const PATIENCE = 5_000;

/**
 * Answers `/healthz` (the process lives), `/readyz` (the storage answers and nothing is being shut down) and, where they
 * are given, `/metrics`. False for other paths: somebody else answers. Nothing that is secret is told: no names, no
 * paths, no causes.
 */
export function answerHealth(parts: HealthParts, message: IncomingMessage, answer: ServerResponse): boolean {
  const path = message.url?.replace(/\?.*$/s, '');
  if (path !== '/healthz' && path !== '/readyz' && (path !== '/metrics' || parts.metrics === undefined)) return false;
  message.resume();
  if (message.method !== 'GET' && message.method !== 'HEAD') {
    answer.setHeader('allow', 'GET, HEAD');
    send(answer, 405, 'Method Not Allowed\n');
  } else if (path === '/healthz') send(answer, 200, 'ok\n');
  else if (path === '/metrics') send(answer, 200, parts.metrics?.() ?? '', 'text/plain; version=0.0.4; charset=utf-8');
  else {
    within(parts.ready(), PATIENCE).then(
      () => send(answer, 200, 'ok\n'),
      () => send(answer, 503, 'not ready\n'),
    );
  }
  return true;
}

/** A server for nothing else. `listen` as in `parseAddress`. Errors: invalid; unavailable, when the port is taken. */
export async function serveHealth(
  parts: HealthParts,
  listen: string,
): Promise<{ address: string; close(): Promise<void> }> {
  const { host, port } = parseAddress(listen);
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (message, answer) => {
    if (!answerHealth(parts, message, answer)) send(answer, 404, 'not found\n');
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const taken = errnoOf(cause) === 'EADDRINUSE';
      reject(new BerthError('unavailable', taken ? `${listen} is in use already` : cause.message, { cause }));
    });
    server.listen(host === undefined ? { port } : { host, port }, resolve);
  });
  const bound = server.address() as AddressInfo;
  return {
    address: bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function send(answer: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  if (answer.destroyed) return;
  const body = Buffer.from(text);
  answer.writeHead(status, { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-store' });
  answer.end(body);
}

async function within(work: Promise<void>, milliseconds: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('it takes too long')), milliseconds);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
