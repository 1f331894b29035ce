import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';
import { containerPath } from './path.ts';

export interface LogsOptions {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  timestamps: boolean;
  details: boolean;
  /** Seconds since the epoch with an optional fraction; '' is unset. */
  since: string;
  until: string;
  /** `all` or a number of lines. */
  tail: string;
}

/** GET /containers/{id}/logs; framed unless the container has a terminal. */
export function containerLogs(client: EngineClient, name: string, options: LogsOptions): Promise<TransportResponse> {
  return client.stream('GET', containerPath(name, '/logs'), { query: { ...options } });
}
