import type { ServerResponse } from 'node:http';
import type { RegistryError } from '../errors.ts';

type Headers = Record<string, string | number | string[]>;

/** Ends an answer that has no body. */
export function sendEmpty(answer: ServerResponse, status: number, headers: Headers = {}): void {
  answer.writeHead(status, status === 204 ? headers : { 'content-length': 0, ...headers });
  answer.end();
}

/** Ends an answer with bytes at hand; Node leaves them out of the answer to HEAD. */
export function sendBytes(answer: ServerResponse, status: number, bytes: Uint8Array, headers: Headers): void {
  answer.writeHead(status, { 'content-length': bytes.byteLength, ...headers });
  answer.end(bytes);
}

export function sendJson(answer: ServerResponse, status: number, value: unknown, headers: Headers = {}): void {
  sendBytes(answer, status, Buffer.from(JSON.stringify(value)), { 'content-type': 'application/json', ...headers });
}

/** The error body of the specification. */
export function sendError(answer: ServerResponse, error: RegistryError): void {
  const { code, message, detail } = error;
  const body = { errors: [detail === undefined ? { code, message } : { code, message, detail }] };
  sendJson(answer, error.status, body, { ...error.headers });
}
