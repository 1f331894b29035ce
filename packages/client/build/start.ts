import type { EngineClient, Query } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';

/** POST /build: a stream of progress messages. Without a `context` the session in the query has one. */
export function startBuild(
  client: EngineClient,
  query: Query,
  options: { context?: AsyncIterable<Uint8Array> | undefined; registries: string; signal?: AbortSignal },
): Promise<TransportResponse> {
  return client.stream('POST', '/build', {
    query,
    headers: { 'Content-Type': 'application/x-tar', 'X-Registry-Config': options.registries },
    ...(options.context && { body: options.context }),
    ...(options.signal && { signal: options.signal }),
  });
}
