import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';
import type { Platform } from './inspect.ts';

/** POST /images/load with a tar archive: a stream of progress messages. `quiet` leaves out the bars. */
export function loadImages(
  client: EngineClient,
  archive: AsyncIterable<Uint8Array>,
  options: { quiet: boolean; platform: Platform | undefined },
): Promise<TransportResponse> {
  return client.stream('POST', '/images/load', {
    query: { quiet: options.quiet ? 1 : 0, platform: options.platform },
    headers: { 'Content-Type': 'application/x-tar' },
    body: archive,
  });
}
