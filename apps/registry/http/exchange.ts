import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, Need } from '../access/index.ts';

/** A request that was allowed, and the answer to it. */
export interface Exchange {
  readonly message: IncomingMessage;
  readonly answer: ServerResponse;
  readonly query: URLSearchParams;
  readonly caller: Caller;
  /** The body as it comes; a client that waits for `100 Continue` is told to go on now. */
  body(): AsyncIterable<Uint8Array>;
  /** Breaks the connection off. */
  cut(): void;
}

/** A request that has a place in the API. */
export interface Endpoint {
  /** What the request does, for logs and metrics: `manifest.put`. */
  name: string;
  repository: string | undefined;
  /** Rights without which it is refused; `root`: credentials are asked for where there are any. */
  needs: readonly Need[] | 'root';
  serve(exchange: Exchange): Promise<void>;
}
