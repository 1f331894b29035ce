import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TlsOptions } from 'node:tls';
import { BerthError, describeError, httpStatusOf } from '@berth/kit';
import { isLoopback, listen, refuseForeignPage } from '../api/index.ts';
import { watchEventLoop } from './process.ts';

export interface MetricsServer {
  /** `host:port`; the port is the real one when 0 was asked for. */
  address: string;
  close(): Promise<void>;
}

/** Reads `host:port`. Errors: invalid, beyond loopback without TLS that asks for client certificates. */
export function parseMetricsAddress(address: string, tls: TlsOptions | undefined): { host: string; port: number } {
  const [, bracketed, plain = '', port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]*)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (port === undefined || Number(port) > 65535)
    throw new BerthError('invalid', `--metrics-addr: "${address}" is not HOST:PORT`);
  if (!isLoopback(host) && tls?.requestCert !== true)
    throw new BerthError(
      'invalid',
      `refusing to serve metrics on ${address}: everybody on the network could read them`,
      {
        hint: 'Use a loopback address, 127.0.0.1:PORT, or --tlsverify: metrics are then served over TLS, to clients with a certificate.',
      },
    );
  return { host: host === 'localhost' ? '127.0.0.1' : host, port: Number(port) };
}

/** Serves `/metrics`. Errors: those of `parseMetricsAddress`; conflict, when the port is taken. */
export async function serveMetrics(
  address: string,
  tls: TlsOptions | undefined,
  text: () => string,
): Promise<MetricsServer> {
  const { host, port } = parseMetricsAddress(address, tls);
  const loopback = isLoopback(host);
  const eventLoop = watchEventLoop();
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    try {
      refuseForeignPage(request.headers, loopback ? 'loopback' : 'network');
      answer(request, response, () => `${text()}${eventLoop.text()}`);
    } catch (error) {
      send(response, httpStatusOf(error), `${describeError(error)}\n`);
    }
  };
  const server = loopback ? createServer(onRequest) : createTlsServer({ ...tls }, onRequest);
  await listen(server, { kind: 'tcp', host, port }, undefined);
  const bound = server.address();
  const real = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    address: host.includes(':') ? `[${host}]:${real}` : `${host}:${real}`,
    close: () => {
      eventLoop.stop();
      return closeServer(server);
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, text: () => string): void {
  const path = request.url?.replace(/\?.*$/s, '');
  if (path !== '/metrics') send(response, 404, '404 page not found\n');
  else if (request.method !== 'GET' && request.method !== 'HEAD') send(response, 405, 'Method Not Allowed\n');
  else send(response, 200, text(), 'text/plain; version=0.0.4; charset=utf-8');
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(body);
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
