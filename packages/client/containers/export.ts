import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';
import { containerPath } from './path.ts';

/** GET /containers/{id}/export: the root file system as an archive. Errors: not-found. */
export function exportContainer(client: EngineClient, name: string): Promise<TransportResponse> {
  return client.stream('GET', containerPath(name, '/export'));
}
