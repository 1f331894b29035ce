import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';

export interface EventsOptions {
  /** Seconds with up to nine decimals; '' is unset. */
  since: string;
  until: string;
  filters: Record<string, string[]>;
  signal?: AbortSignal;
}

/** GET /events: one JSON object per line for as long as the engine sends. */
export function engineEvents(client: EngineClient, options: EventsOptions): Promise<TransportResponse> {
  const { since, until, filters, signal } = options;
  return client.stream('GET', '/events', {
    query: { since, until, ...(Object.keys(filters).length > 0 && { filters }) },
    ...(signal && { signal }),
  });
}
