import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from '@berth/kit';
import { type Address, parseAddress } from './address.ts';
import { createConnections } from './connections.ts';
import { createDispatcher } from './dispatch.ts';
import { listen } from './listen.ts';
import type { Route } from './route.ts';

/** Registry credentials travel in headers; Node's 16 KiB are too few for a client with many registries. */
const HEADER_MAX = 256 * 1024;
/** Answers under way get this long at the end; streams without end are cut at once. */
const CLOSE_MS = 3000;

export interface ServeOptions {
  routes: readonly Route[];
  /** `unix:///path`, `tcp://127.0.0.1:port`. */
  hosts: readonly string[];
  socketGroup: string | undefined;
  /** Shown in the `Server` header. */
  version: string;
  log: Logger;
  /** Called for each new connection, before its first request is read. */
  onConnection?: () => void;
}

export interface ApiServer {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly addresses: readonly string[];
  /** Takes no more connections, cuts streams, lets short answers finish, removes the sockets. Idempotent. */
  close(): Promise<void>;
}

/** Serves the API on all hosts, or on none. Errors: those of `parseAddress` and `listen`. */
export async function serve(options: ServeOptions): Promise<ApiServer> {
  const addresses = options.hosts.map(parseAddress);
  const connections = createConnections();
  const dispatch = createDispatcher({ ...options, connections });
  const servers: Server[] = [];
  try {
    for (const address of addresses) {
      const server = createHttpServer((request, response) => dispatch(request, response, address.kind));
      connections.watch(server);
      if (options.onConnection) server.on('connection', options.onConnection);
      await listen(server, address, options.socketGroup);
      servers.push(server);
    }
  } catch (error) {
    await Promise.all(servers.map(closeServer));
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    addresses: servers.map((server, index) => nameOf(server, addresses[index]!)),
    close: () => {
      closing ??= Promise.all([...servers.map(closeServer), connections.close(CLOSE_MS)]).then(() => undefined);
      return closing;
    },
  };
}

function createHttpServer(onRequest: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer({
    noDelay: true,
    keepAliveTimeout: 0, // Docker keeps idle connections; a client that reuses one must not meet a closed door
    requestTimeout: 0, // uploads of images take their time
    headersTimeout: 60_000,
    maxHeaderSize: HEADER_MAX,
    shouldUpgradeCallback: () => false, // attach and exec are ordinary requests until their handler takes the connection
  });
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('request', onRequest);
  return server;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function nameOf(server: Server, address: Address): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return address.host.includes(':') ? `tcp://[${address.host}]:${port}` : `tcp://${address.host}:${port}`;
}
