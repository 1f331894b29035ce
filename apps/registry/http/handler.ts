import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errnoOf, type Logger } from '@berth/kit';
import type { AccessControl, Asking, Caller, Refusal } from '../access/index.ts';
import { RegistryError } from '../errors.ts';
import type { Endpoint, Exchange } from './exchange.ts';
import { sendError } from './send.ts';

/** What was done for a request, when its answer has ended; for logs and metrics. */
export interface Answered {
  method: string;
  /** Without the query, which may hold what is nobody's business. */
  path: string;
  /** `Endpoint.name`; undefined for what is no part of the API. */
  endpoint: string | undefined;
  repository: string | undefined;
  identity: string | undefined;
  /** 499, as in the logs of other servers, when the client went away before it was answered. */
  status: number;
  /** Code of the error that was answered. */
  error: string | undefined;
  /** True when the connection broke before the answer was complete. */
  broken: boolean;
  /** With headers, as they went over the connection. */
  bytesIn: number;
  bytesOut: number;
  milliseconds: number;
  /** Address of the client, as the connection has it; that of IPv4 as such. */
  remote: string;
  /** What the client says that it is. */
  agent: string;
}

export interface HandlerParts {
  /** Finds the endpoint. Errors: NAME_INVALID, DIGEST_INVALID, UNSUPPORTED, … */
  route(method: string, path: string): Endpoint;
  /** The path that is meant, where the query says more about it. Errors: NAME_UNKNOWN. */
  rewrite?: ((path: string, query: URLSearchParams) => string) | undefined;
  access: AccessControl;
  /** Answers what is no part of the distribution API, such as a token service; resolves to false when it does not. */
  outside?: ((message: IncomingMessage, answer: ServerResponse, path: string) => Promise<boolean>) | undefined;
  /** How clients reach us, where that is not what they say themselves. */
  origin?: string | undefined;
  log: Logger;
  onAnswered?: ((answered: Answered) => void) | undefined;
}

const GONE = 499;
/** Code of a stream whose other end went away. */
const CLOSED = 'ERR_STREAM_PREMATURE_CLOSE';
/** A body that nobody wants is read to this length, and for so long, so that the client comes to read the answer; then it is cut off. */
const UNWANTED_BYTES = 16 * 1024 * 1024;
const UNWANTED_MS = 10_000;

/** The way of every request: place in the API → access → endpoint → answer, or the error that came up. */
export function createHandler(parts: HandlerParts): (message: IncomingMessage, answer: ServerResponse) => void {
  return (message, answer) => {
    const facts: Facts = { endpoint: undefined, repository: undefined, identity: undefined, error: undefined };
    report(parts, message, answer, facts);
    message.on('error', () => {}); // whoever reads the body hears of it there
    answer.on('error', () => {});
    answer.setHeader('docker-distribution-api-version', 'registry/2.0');
    answer.setHeader('x-content-type-options', 'nosniff');
    work(parts, message, answer, facts).catch((error) => fail(parts, message, answer, facts, error));
  };
}

type Facts = Pick<Answered, 'endpoint' | 'repository' | 'identity' | 'error'>;

async function work(
  { route, rewrite, access, outside, origin }: HandlerParts,
  message: IncomingMessage,
  answer: ServerResponse,
  facts: Facts,
): Promise<void> {
  const { path, query } = splitTarget(message.url ?? '');
  if (!path.startsWith('/v2') && (await outside?.(message, answer, path))) return;
  const endpoint = route(message.method ?? '', rewrite?.(path, query) ?? path);
  facts.endpoint = endpoint.name;
  facts.repository = endpoint.repository;
  const caller = await admit(access, endpoint, {
    authorization: message.headers.authorization,
    origin: origin ?? originOf(message),
  });
  facts.identity = caller.name;
  const exchange: Exchange = {
    ...{ message, answer, query, caller },
    body() {
      if (/^100-continue$/i.test(message.headers.expect ?? '')) answer.writeContinue();
      // Whoever stops to read leaves the rest for `leaveBody`: the client is to come to read the answer.
      return { [Symbol.asyncIterator]: () => message.iterator({ destroyOnReturn: false }) };
    },
    cut: () => message.destroy(),
  };
  await endpoint.serve(exchange);
  leaveBody(message, answer);
}

/** The path is decoded once: what it is made of is checked by its parts. Errors: NAME_INVALID. */
function splitTarget(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  const raw = mark < 0 ? url : url.slice(0, mark);
  try {
    return { path: decodeURIComponent(raw), query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) };
  } catch (cause) {
    throw new RegistryError('NAME_INVALID', 'the path is not well encoded', { cause });
  }
}

/** Who sends this, if he may. Errors: UNAUTHORIZED, DENIED, TOOMANYREQUESTS. */
async function admit(access: AccessControl, { needs }: Endpoint, asking: Asking): Promise<Caller> {
  const found = await access.identify(asking);
  if ('refusal' in found) throw toError(found.refusal);
  const { caller } = found;
  const isRefused =
    needs === 'root'
      ? access.asksAtRoot && asking.authorization === undefined
      : needs.some((need) => !caller.may(need));
  if (isRefused) throw toError(access.refuse(caller, needs === 'root' ? [] : needs, asking));
  return caller;
}

function toError({ code, message, status, headers }: Refusal): RegistryError {
  return new RegistryError(code, message, { status, headers: { ...headers } });
}

/** How the client says that it reached us; it gets back what it said, so only what can be a host. */
function originOf({ socket, headers }: IncomingMessage): string {
  const host = /^[A-Za-z0-9.:[\]_-]{1,255}$/.exec(headers.host ?? '')?.[0] ?? 'localhost';
  return `${'encrypted' in socket ? 'https' : 'http'}://${host}`;
}

function fail(
  { log }: HandlerParts,
  message: IncomingMessage,
  answer: ServerResponse,
  facts: Facts,
  cause: unknown,
): void {
  const error = cause instanceof RegistryError ? cause : toRegistryError(cause);
  facts.error = error.code;
  // Clients go away: that is no failure of ours.
  const gone = answer.destroyed || (message.destroyed && !message.complete) || errnoOf(cause) === CLOSED;
  if (error.status >= 500 && !gone && !error.isLogged)
    log.error('a request failed', { path: pathOf(message), endpoint: facts.endpoint, error: cause });
  if (answer.headersSent || answer.destroyed) {
    answer.destroy(); // a cut answer must not look like a whole one
    return;
  }
  sendError(answer, error);
  leaveBody(message, answer);
}

function toRegistryError(cause: unknown): RegistryError {
  const errno = errnoOf(cause);
  if (errno === 'EMFILE' || errno === 'ENFILE')
    return new RegistryError('UNAVAILABLE', 'the registry has too many files open', { cause });
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new RegistryError('UNAVAILABLE', 'the registry has no space left', { cause });
  return new RegistryError('UNKNOWN', 'the registry failed; its log says why', { cause });
}

/** Reads on a bounded while when the body was left unread, and gives the connection up beyond that. */
function leaveBody(message: IncomingMessage, answer: ServerResponse): void {
  if (message.complete || message.destroyed) return;
  const giveUp = () => {
    if (message.complete) return;
    if (answer.writableFinished) message.destroy();
    else answer.once('finish', () => message.destroy());
  };
  let left = UNWANTED_BYTES;
  message.on('data', (chunk: Buffer) => {
    left -= chunk.byteLength;
    if (left < 0) giveUp();
  });
  const timer = setTimeout(giveUp, UNWANTED_MS).unref();
  message.once('close', () => clearTimeout(timer));
  message.resume();
}

/** How much of a connection was counted for its requests so far: the next one begins there, with its headers. */
const counted = new WeakMap<Socket, { read: number; written: number }>();

function report(parts: HandlerParts, message: IncomingMessage, answer: ServerResponse, facts: Facts): void {
  const { onAnswered } = parts;
  if (!onAnswered) return;
  const start = performance.now();
  const { socket } = message;
  const remote = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  answer.once('close', () => {
    const before = counted.get(socket) ?? { read: 0, written: 0 };
    const now = { read: socket.bytesRead, written: socket.bytesWritten };
    counted.set(socket, now);
    onAnswered({
      ...facts,
      method: message.method ?? '',
      path: pathOf(message),
      status: answer.headersSent ? answer.statusCode : GONE,
      broken: !answer.writableFinished,
      bytesIn: now.read - before.read,
      bytesOut: now.written - before.written,
      milliseconds: performance.now() - start,
      remote,
      agent: (message.headers['user-agent'] ?? '').slice(0, 256),
    });
  });
}

function pathOf(message: IncomingMessage): string {
  return (message.url ?? '').split('?', 1)[0]?.slice(0, 1024) ?? '';
}
