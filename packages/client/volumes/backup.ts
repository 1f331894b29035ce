import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';
import { extraPath } from './extra-path.ts';

/** GET /berth/v1/volumes/NAME/backup: a tar archive. Errors: not-found. */
export function backupVolume(client: EngineClient, name: string): Promise<TransportResponse> {
  return client.unversioned('GET', extraPath(name, 'backup'));
}
