import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';
import type { Platform } from './inspect.ts';
import { imagePath } from './path.ts';

export interface PushOptions {
  /** '' pushes every tag. */
  tag: string;
  platform?: Platform;
  /** X-Registry-Auth; the engine wants one even when it is empty. */
  auth: string;
}

/** POST /images/NAME/push: a stream of progress messages. Errors: not-found. */
export function pushImage(client: EngineClient, name: string, options: PushOptions): Promise<TransportResponse> {
  const { tag, platform, auth } = options;
  return client.stream('POST', imagePath(name, '/push'), {
    query: { tag, platform },
    headers: { 'X-Registry-Auth': auth },
  });
}
