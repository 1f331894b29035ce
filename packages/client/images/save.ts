import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';
import type { Platform } from './inspect.ts';

/** GET /images/get: a tar archive of all these images. Errors: not-found. */
export function saveImages(
  client: EngineClient,
  names: readonly string[],
  platforms: Platform[],
): Promise<TransportResponse> {
  return client.stream('GET', '/images/get', {
    query: { names, platform: platforms.map((one) => JSON.stringify(one)) },
  });
}
