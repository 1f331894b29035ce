import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { TlsOptions } from 'node:tls';
import type { Logger } from '@berth/kit';
import { type Address, isLoopback, type Protection, parseAddress, type SocketAddress } from './address.ts';
import { createConnections } from './connections.ts';
import { createDispatcher } from './dispatch.ts';
import { listen } from './listen.ts';
import type { Transport } from './origin.ts';
import type { Route } from './route.ts';
import { activatedSockets } from './socket-activation.ts';

/** Registry credentials travel in headers; Node's 16 KiB are too few for a client with many registries. */
const HEADER_MAX = 256 * 1024;
/** Answers under way get this long at the end; streams without end are cut at once. */
const CLOSE_MS = 3000;

export interface ServeOptions {
  routes: readonly Route[];
  /** `unix:///path`, `tcp://host:port`. */
  hosts: readonly string[];
  /** For TCP addresses (tls.ts); plain without it. */
  tls?: TlsOptions | undefined;
  /** TCP beyond loopback although not only clients with certificates get in. */
  allowUnprotected?: boolean;
  socketGroup: string | undefined;
  /** Shown in the `Server` header. */
  version: string;
  log: Logger;
  /** Called for each request that was answered: audit name of its route, status, seconds that it took. */
  onAnswered?: (route: string, status: number, seconds: number) => void;
  /** Called for each new connection, before its first request is read. */
  onConnection?: () => void;
}

export interface ApiServer {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly addresses: readonly string[];
  /** New connections get these certificates; those that are open keep theirs. */
  renewTls(tls: TlsOptions): void;
  /** Takes no more connections, cuts streams, lets short answers finish, removes the sockets. Idempotent. */
  close(): Promise<void>;
}

/** Serves the API on all hosts, or on none. Errors: those of `parseAddress` and `listen`. */
export async function serve(options: ServeOptions): Promise<ApiServer> {
  const { tls } = options;
  const protection = protectionOf(tls, options.allowUnprotected ?? false);
  const addresses = options.hosts.flatMap((host) => addressesOf(host, protection));
  const connections = createConnections();
  const dispatch = createDispatcher({ ...options, connections });
  const servers: Server[] = [];
  try {
    for (const address of addresses) {
      const place = placeOf(address);
      const transport = transportOf(place);
      const onRequest = (request: IncomingMessage, response: ServerResponse) => dispatch(request, response, transport);
      const server = createHttpServer(onRequest, place.kind === 'unix' ? undefined : tls);
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
    addresses: servers.map((server, index) => nameOf(server, placeOf(addresses[index]!))),
    renewTls: (renewed) => {
      for (const server of servers) if (server instanceof TlsServer) server.setSecureContext(renewed);
    },
    close: () => {
      closing ??= Promise.all([...servers.map(closeServer), connections.close(CLOSE_MS)]).then(() => undefined);
      return closing;
    },
  };
}

/**
 * Errors: invalid, for the first address that will not be listened on; see `parseAddress`. Sockets that a service manager
 * hands over are there only at a start: a check alone (`dry`) passes over them.
 */
export function checkAddresses(
  config: { hosts: readonly string[]; allowUnprotectedTcp: boolean },
  tls: TlsOptions | undefined,
  { dry } = { dry: false },
): Address[] {
  const protection = protectionOf(tls, config.allowUnprotectedTcp);
  const hosts = dry ? config.hosts.filter((host) => !host.startsWith('fd://')) : config.hosts;
  return hosts.flatMap((host) => addressesOf(host, protection));
}

function addressesOf(host: string, protection: Protection): Address[] {
  return host.startsWith('fd://') ? activatedSockets(host, protection) : [parseAddress(host, protection)];
}

/** Sentences for `info` about addresses that let in whoever reaches them. */
export function exposureWarnings(addresses: readonly Address[], tls: TlsOptions | undefined): string[] {
  const { verifiesClients } = protectionOf(tls, false);
  if (verifiesClients) return [];
  return addresses.map(placeOf).flatMap((place) => {
    if (place.kind !== 'tcp') return [];
    const { host, port } = place;
    const where = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    const lacks = tls ? 'without TLS client verification' : 'without encryption';
    const who = isLoopback(host) ? 'every user and program of this machine' : 'whoever reaches it';
    return [`WARNING: API is accessible on ${where} ${lacks}: ${who} has the rights of root`];
  });
}

function protectionOf(tls: TlsOptions | undefined, allowUnprotected: boolean): Protection {
  const verifiesClients = tls?.rejectUnauthorized === true && tls.requestCert === true;
  return { tls: tls !== undefined, verifiesClients, allowUnprotected };
}

const HTTP_OPTIONS = {
  noDelay: true,
  keepAliveTimeout: 0, // Docker keeps idle connections; a client that reuses one must not meet a closed door
  requestTimeout: 0, // uploads of images take their time
  headersTimeout: 60_000,
  maxHeaderSize: HEADER_MAX,
  shouldUpgradeCallback: () => false, // attach and exec are ordinary requests until their handler takes the connection
} as const;

/** Who has not shown a certificate by then is let go of. */
const HANDSHAKE_MS = 10_000;
/** A peer on another machine may vanish without a word: the kernel asks after it from here on. */
const TCP_OPTIONS = { keepAlive: true, keepAliveInitialDelay: 15_000 };

function createHttpServer(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  tls: TlsOptions | undefined,
): Server {
  const server = tls
    ? createTlsServer({
        ...HTTP_OPTIONS,
        ...TCP_OPTIONS,
        ...tls,
        handshakeTimeout: HANDSHAKE_MS,
        ...{ allowHalfOpen: true },
      })
    : createServer({ ...HTTP_OPTIONS, ...TCP_OPTIONS });
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('request', onRequest);
  return server;
}

/** Where an address is, whoever opened it. */
function placeOf(address: Address): SocketAddress {
  return address.kind === 'fd' ? address.at : address;
}

function transportOf(place: SocketAddress): Transport {
  if (place.kind === 'tcp') return isLoopback(place.host) ? 'loopback' : 'network';
  return 'unix';
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function nameOf(server: Server, address: SocketAddress): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return address.host.includes(':') ? `tcp://[${address.host}]:${port}` : `tcp://${address.host}:${port}`;
}
