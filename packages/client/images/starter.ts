import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';

/** POST /berth/v1/images/starter: makes these images from Debian packages; a stream of progress messages. */
export function makeStarterImages(client: EngineClient, names: readonly string[]): Promise<TransportResponse> {
  return client.unversioned('POST', '/berth/v1/images/starter', { json: { names } });
}
