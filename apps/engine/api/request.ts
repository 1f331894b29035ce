import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { BerthError } from '@berth/kit';
import { readJsonBody } from './json-body.ts';
import type { ApiRequest } from './route.ts';

export interface RequestParts {
  version: string;
  params: Readonly<Record<string, string>>;
  search: string;
  /** Aborts when the engine ends. */
  closing: AbortSignal;
}

/** A request on Node's server. What is not needed by a handler (query, abort signal) is not made. */
export class HttpRequest implements ApiRequest {
  readonly version: string;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #params: Readonly<Record<string, string>>;
  readonly #search: string;
  readonly #closing: AbortSignal;
  #query: URLSearchParams | undefined;
  #abort: AbortController | undefined;

  constructor(incoming: IncomingMessage, response: ServerResponse, parts: RequestParts) {
    this.version = parts.version;
    this.#incoming = incoming;
    this.#response = response;
    this.#params = parts.params;
    this.#search = parts.search;
    this.#closing = parts.closing;
  }

  get method(): string {
    return this.#incoming.method ?? '';
  }

  get headers(): IncomingHttpHeaders {
    return this.#incoming.headers;
  }

  get body(): AsyncIterable<Buffer> {
    return this.#incoming.iterator({ destroyOnReturn: false });
  }

  get upgrade(): boolean {
    return this.#incoming.headers.upgrade !== undefined;
  }

  param(name: string): string {
    return this.#params[name] ?? '';
  }

  query(name: string): string {
    return this.#parameters.get(name) ?? '';
  }

  queryAll(name: string): string[] {
    return this.#parameters.getAll(name);
  }

  hasQuery(name: string): boolean {
    return this.#parameters.has(name);
  }

  json(): Promise<Record<string, unknown> | undefined> {
    return readJsonBody(this.#incoming);
  }

  get signal(): AbortSignal {
    this.#abort ??= this.#watch();
    return this.#abort.signal;
  }

  get #parameters(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#search);
    return this.#query;
  }

  /**
   * A client that closes its side for writing counts as gone, as with Docker: on a unix socket nothing else tells that
   * it has ended while we have nothing to write.
   */
  #watch(): AbortController {
    const abort = new AbortController();
    const socket = this.#incoming.socket;
    const gone = () => abort.abort(new BerthError('canceled', 'the client went away'));
    const done = () => {
      socket.off('end', gone);
      this.#closing.removeEventListener('abort', gone);
    };
    if (socket.readableEnded || socket.destroyed || this.#closing.aborted) gone();
    socket.once('end', gone);
    this.#closing.addEventListener('abort', gone, { once: true });
    this.#response.once('close', () => {
      done();
      if (!this.#response.writableFinished) gone();
    });
    return abort;
  }
}
