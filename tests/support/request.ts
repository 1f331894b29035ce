import http from 'node:http';

/** Where an engine listens: a unix socket path, or host and port. */
export type Target = { socketPath: string } | { host: string; port: number };

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  text: string;
  /** The parsed body; throws when it is not JSON. */
  json<T = unknown>(): T;
}

export interface RequestOptions {
  /** Objects are sent as JSON; strings and buffers as they are. */
  body?: object | string | Buffer;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** One request on a connection of its own; resolves when the whole answer is here. */
export async function request(
  target: Target,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const response = await open(target, method, path, options);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const text = body.toString();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    text,
    json: <T>() => JSON.parse(text) as T,
  };
}

/** Sends a request and resolves with the head of the answer; the body is the caller's to read. */
export function open(
  target: Target,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<http.IncomingMessage> {
  const { body, headers, signal } = options;
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  const payload = body === undefined ? undefined : raw ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = http.request({
      ...target,
      method,
      path,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
      headers: {
        Host: 'docker',
        ...(payload === undefined || headers?.['Transfer-Encoding'] !== undefined
          ? {}
          : { 'Content-Length': String(Buffer.byteLength(payload)) }),
        ...(payload === undefined || raw ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
    });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.end(payload);
  });
}
