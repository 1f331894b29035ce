import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';

/** One line of the route table. The table is data: the router, the audit names and the reference pages come from it. */
export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** `/containers/{id}/json`; a `{name}` may hold slashes, as in image names. Without version prefix. */
  path: string;
  /** Name in audit and permission rules: noun and verb, e.g. `container.start`. */
  name: string;
  permission: Permission;
  handler: Handler;
}

/** `read` shows, `write` changes what exists in the engine, `admin` can reach the host or other people's secrets. */
export type Permission = 'read' | 'write' | 'admin';

export type Handler = (request: ApiRequest) => Reply | Promise<Reply>;

/** One request, as handlers see it. */
export interface ApiRequest {
  readonly method: string;
  /** Version that the client speaks, e.g. `1.41`; the newest when it did not say. */
  readonly version: string;
  readonly headers: IncomingHttpHeaders;
  /** A `{name}` of the route's path, decoded. */
  param(name: string): string;
  /** The first value of a query parameter, '' when absent. */
  query(name: string): string;
  /** All values of a query parameter. */
  queryAll(name: string): string[];
  /** True when the parameter is in the query, also when empty. */
  hasQuery(name: string): boolean;
  /** The JSON body, an object; undefined when the body is empty. Errors: invalid, in Docker's words. */
  json(): Promise<Record<string, unknown> | undefined>;
  /** The body as it comes, unbounded: for archives. Leaving it early leaves the connection open for the answer. */
  readonly body: AsyncIterable<Buffer>;
  /** True when the client asks to switch protocols. */
  readonly upgrade: boolean;
  /** Aborts when the client goes away or the engine ends. */
  readonly signal: AbortSignal;
}

/** What to answer. Everything that is written to a connection is one of these. */
export type Reply =
  | { kind: 'empty'; status: number; headers?: Record<string, string> }
  | { kind: 'json'; status: number; value: unknown }
  | { kind: 'text'; status: number; text: string; headers?: Record<string, string> }
  /** Status and headers go out at once, the JSON when it is known. */
  | { kind: 'later'; value: Promise<unknown> }
  /** Bytes until the end of the stream; the client's pace is the stream's. */
  | { kind: 'stream'; type: string; body: Readable; headers?: Record<string, string> }
  /** Docker's progress messages, a JSON object a line. A failure before the first message is an ordinary error. */
  | { kind: 'progress'; run: (emit: (message: object) => void, signal: AbortSignal) => Promise<void> }
  /** Gives the connection away. `join` owns it from then on, both directions, half-close included. */
  | { kind: 'hijack'; multiplexed: boolean; join: (connection: Duplex) => void }
  /** The same over a websocket; `join` sees the payload of messages. */
  | { kind: 'websocket'; join: (connection: Duplex) => void };

export const empty = (status: number): Reply => ({ kind: 'empty', status });
export const json = (status: number, value: unknown): Reply => ({ kind: 'json', status, value });
