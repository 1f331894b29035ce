import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { API_VERSION, refuseApiVersion } from '@berth/contract';
import { BerthError, describeError, httpStatusOf, type Logger } from '@berth/kit';
import type { Connections } from './connections.ts';
import { hijackHead, takeConnection } from './hijack.ts';
import { createMatcher, type Match } from './match.ts';
import { refuseForeignPage, type Transport } from './origin.ts';
import { isGone, sendJson, sendReply } from './reply.ts';
import { HttpRequest } from './request.ts';
import type { Reply, Route } from './route.ts';
import { acceptWebsocket } from './websocket.ts';

export interface DispatchOptions {
  routes: readonly Route[];
  version: string;
  log: Logger;
  connections: Connections;
  /** Called for each request that was answered: audit name of its route, status, seconds that it took. */
  onAnswered?: (route: string, status: number, seconds: number) => void;
}

export type Dispatch = (request: IncomingMessage, response: ServerResponse, transport: Transport) => void;

/** Takes one request from its line to its answer: version, route, handler, reply, errors. */
export function createDispatcher(options: DispatchOptions): Dispatch {
  const match = createMatcher(options.routes);
  const headers = {
    'Api-Version': API_VERSION,
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    Server: `Berth/${options.version} (linux)`,
  };
  return (incoming, response, transport) => {
    const begun = performance.now();
    let route = 'unknown';
    const answered = (status: number) => options.onAnswered?.(route, status, (performance.now() - begun) / 1000);
    const found = (name: string) => {
      route = name;
    };
    answer(options, match, headers, incoming, response, transport, found).then(
      () => {
        options.log.debug('answered', { route, status: response.statusCode, ms: elapsed(begun) });
        answered(response.statusCode);
      },
      (error: unknown) => {
        fail(options.log, incoming, response, error);
        answered(httpStatusOf(error));
      },
    );
  };
}

async function answer(
  options: DispatchOptions,
  match: ReturnType<typeof createMatcher>,
  headers: Readonly<Record<string, string>>,
  incoming: IncomingMessage,
  response: ServerResponse,
  transport: Transport,
  onFound: (route: string) => void,
): Promise<void> {
  refuseForeignPage(incoming.headers, transport);
  const { path, search, version } = readTarget(incoming.url ?? '/');
  const method = incoming.method ?? '';
  const found = method === 'OPTIONS' ? OPTIONS_MATCH : match(method, path);
  if (found === undefined) {
    sendJson(response, 404, { message: 'page not found' });
    return;
  }
  onFound(found.route.name);
  for (const name in headers) response.setHeader(name, headers[name]!);
  const refused = version === undefined ? undefined : refuseApiVersion(version);
  if (refused !== undefined) throw new BerthError('invalid', refused);
  const request = new HttpRequest(incoming, response, {
    version: version ?? API_VERSION,
    params: found.params,
    search,
    closing: options.connections.closing,
  });
  const reply = await found.route.handler(request);
  if (reply.kind === 'hijack') await giveAway(options.connections, headers, incoming, response, request, reply);
  else if (reply.kind === 'websocket') {
    const socket = takeConnection(incoming, response);
    options.connections.hijacked(socket);
    reply.join(acceptWebsocket(socket, incoming.headers, headers));
  } else await sendReply(request, response, reply);
}

const OPTIONS_MATCH: Match = {
  route: {
    method: 'GET',
    path: '*',
    name: 'api.options',
    permission: 'read',
    handler: () => ({ kind: 'empty', status: 200 }),
  },
  params: {},
};

/** Splits the request target into decoded path, query and version. Errors: invalid, for a broken percent escape. */
function readTarget(url: string): { path: string; search: string; version: string | undefined } {
  const question = url.indexOf('?');
  const raw = question < 0 ? url : url.slice(0, question);
  const search = question < 0 ? '' : url.slice(question + 1);
  const prefix = /^\/v([0-9]+(?:\.[0-9]+)*)(?=\/)/.exec(raw);
  const rest = prefix === null ? raw : raw.slice(prefix[0].length);
  return { path: decode(rest), search, version: prefix?.[1] };
}

function decode(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new BerthError('invalid', `invalid URL escape in "${path}"`, { cause });
  }
}

/** The rest of the body is dropped first: what comes on the socket afterwards belongs to the new owner. */
async function giveAway(
  connections: Connections,
  headers: Readonly<Record<string, string>>,
  incoming: IncomingMessage,
  response: ServerResponse,
  request: HttpRequest,
  reply: Extract<Reply, { kind: 'hijack' }>,
): Promise<void> {
  if (!incoming.readableEnded) await finished(incoming.resume(), { writable: false });
  const socket = takeConnection(incoming, response);
  connections.hijacked(socket);
  socket.write(hijackHead({ upgrade: request.upgrade, multiplexed: reply.multiplexed, headers }));
  reply.join(socket);
}

/** What a client is given to finish sending a body that was refused before its end. */
const BODY_GRACE_MS = 2000;

function fail(log: Logger, incoming: IncomingMessage, response: ServerResponse, error: unknown): void {
  const status = httpStatusOf(error);
  const connected = response.socket !== null && !response.socket.destroyed;
  if (!connected && isGone(error)) {
    log.debug('the client went away', { method: incoming.method, url: incoming.url });
    return;
  }
  if (status >= 500 && !(error instanceof BerthError && error.code !== 'internal')) {
    const stack = error instanceof Error ? error.stack?.split(/\n\s*/) : undefined;
    log.error('a request failed for a reason of our own', { method: incoming.method, url: incoming.url, error, stack });
  }
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const answer = () => {
    if (response.destroyed) return;
    if (!incoming.complete) response.setHeader('Connection', 'close'); // the rest of the body is not wanted
    if (status === 304) response.writeHead(304).end();
    else sendJson(response, status, { message: describeError(error) });
  };
  if (incoming.complete) answer();
  else afterBody(incoming, answer);
}

/**
 * Calls back when the client has sent its body, which is thrown away, or after a while: closing on a client that still
 * writes would take the answer from it.
 */
function afterBody(incoming: IncomingMessage, answer: () => void): void {
  let answered = false;
  const once = () => {
    clearTimeout(timer);
    if (!answered) answer();
    answered = true;
  };
  const timer = setTimeout(once, BODY_GRACE_MS);
  incoming.once('end', once).once('close', once).resume();
}

function elapsed(begun: number): number {
  return Math.round((performance.now() - begun) * 10) / 10;
}
