import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { BerthError, errnoOf } from '@berth/kit';
import type { TlsFiles } from '../tls/index.ts';
import { parseAddress } from './address.ts';
import { answerInOrder, type UnderWay } from './connections.ts';

export interface ServeOptions {
  /** `HOST:PORT`, `:PORT` for all addresses, `[V6]:PORT`. */
  listen: string;
  /** Open connections; more are closed at once. */
  connections: number;
  /** A connection on which nothing moves for so long, and not because of us, is closed. Milliseconds. */
  idleMs: number;
  /** Time for the headers of a request. Milliseconds. */
  headersMs: number;
  /** Without it, plain HTTP. */
  tls?: TlsFiles | undefined;
}

/** A listening server. */
export interface Serving {
  /** `HOST:PORT` as it listens. */
  address: string;
  /**
   * Takes no more connections, ends those without a request, and waits for the others, at most `patienceMs`
   * milliseconds: then they are cut. Idempotent.
   */
  close(patienceMs: number): Promise<void>;
}

/** Time for a TLS handshake. Milliseconds. */
const HANDSHAKE = 10_000;
/** Longest request line and headers together. */
const HEADERS_BYTES = 32 * 1024;

/** Errors: invalid, unavailable. */
export async function serve(
  handle: (message: IncomingMessage, answer: ServerResponse) => void,
  options: ServeOptions,
): Promise<Serving> {
  const { host, port } = parseAddress(options.listen);
  const { tls } = options;
  const limits = {
    maxHeaderSize: HEADERS_BYTES,
    headersTimeout: options.headersMs,
    requestTimeout: 0, // a layer may take hours: what counts is that something moves
    keepAliveTimeout: 75_000,
    connectionsCheckingInterval: Math.max(100, Math.min(5_000, (options.headersMs || 10_000) / 2)),
  };
  const secure = tls && createTlsServer({ ...limits, ...tls.options, handshakeTimeout: HANDSHAKE });
  const server = secure ?? createServer(limits);
  const following = secure && tls?.follow(secure);
  server.maxConnections = options.connections;
  const under = answerInOrder(server, handle, options.idleMs);
  await listening(server, host, port, options.listen);
  let closing: Promise<void> | undefined;
  return {
    address: textOf(server.address()),
    close: (patienceMs) => {
      following?.end();
      closing ??= end(server, under, patienceMs);
      return closing;
    },
  };
}

function listening(server: Server, host: string | undefined, port: number, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new BerthError(
          'unavailable',
          errnoOf(cause) === 'EADDRINUSE' ? `${text} is in use already` : `cannot listen at ${text}: ${cause.message}`,
          { cause },
        ),
      ),
    );
    server.listen(host === undefined ? { port } : { host, port }, resolve);
  });
}

async function end(server: Server, underWay: UnderWay, patienceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const { promise: tired, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, patienceMs);
  await Promise.race([underWay.none(), tired]);
  clearTimeout(timer);
  server.closeAllConnections();
  await closed;
}

function textOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? '';
  return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}
