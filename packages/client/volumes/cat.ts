import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';
import { extraPath } from './extra-path.ts';

/** GET /berth/v1/volumes/NAME/cat: the content of a file. Errors: not-found, invalid. */
export function readVolumeFile(client: EngineClient, name: string, path: string): Promise<TransportResponse> {
  return client.unversioned('GET', extraPath(name, 'cat'), { query: { path } });
}
