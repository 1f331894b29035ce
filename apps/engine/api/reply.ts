import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describeError, isBerthError } from '@berth/kit';
import { sendProgress } from './progress.ts';
import type { ApiRequest, Reply } from './route.ts';

/** Replies that an HTTP response carries; the others take the connection. */
export type HttpReply = Exclude<Reply, { kind: 'hijack' } | { kind: 'websocket' }>;

/**
 * Writes a reply. Resolves when it is written, or when the client went away. Throws what failed on our side; the
 * response may have begun then.
 */
export async function sendReply(request: ApiRequest, response: ServerResponse, reply: HttpReply): Promise<void> {
  switch (reply.kind) {
    case 'empty':
      response.writeHead(
        reply.status,
        reply.status === 204 || reply.status === 304 ? reply.headers : { 'Content-Length': 0, ...reply.headers },
      );
      response.end();
      return;
    case 'json':
      sendJson(response, reply.status, reply.value);
      return;
    case 'text':
      sendText(response, reply.status, reply.text, reply.headers);
      return;
    case 'later':
      await sendLater(response, reply.value, request.signal);
      return;
    case 'stream':
      response.writeHead(200, { 'Content-Type': reply.type, ...reply.headers });
      response.flushHeaders();
      await sendStream(response, reply.body, request.signal);
      return;
    case 'progress':
      await sendProgress(response, reply.run, request.signal);
      return;
  }
}

/** A whole JSON answer in one write. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

function sendText(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  const body = Buffer.from(text);
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    ...headers,
  });
  response.end(body);
}

/** The status is sent already: a failure now can only be told in the body, in the shape of an error. */
async function sendLater(response: ServerResponse, value: Promise<unknown>, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  const end = (body: unknown) => {
    if (!response.destroyed) response.end(`${JSON.stringify(body)}\n`);
  };
  const written = value.then(end, (error: unknown) => end({ message: describeError(error) }));
  await Promise.race([written, aborted(signal)]);
  if (!response.writableEnded) response.destroy();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function sendStream(response: ServerResponse, body: Readable, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(body, response, { signal });
  } catch (error) {
    response.destroy(); // cut off, so that the client does not take it for whole
    if (!signal.aborted && !isGone(error)) throw error;
  }
}

/** True for errors by which a broken connection, or work that was given up with it, is told. */
export function isGone(error: unknown): boolean {
  if (isBerthError(error, 'canceled')) return true;
  if (!(error instanceof Error)) return false;
  return error.name === 'AbortError' || ('code' in error && typeof error.code === 'string' && GONE.has(error.code));
}

const GONE = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'EPIPE', 'ECONNRESET', 'ABORT_ERR']);
