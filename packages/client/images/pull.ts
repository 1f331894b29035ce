import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';

export interface PullOptions {
  /** Tag or digest; '' pulls every tag. */
  tag: string;
  /** `os/arch/variant`, '' is the engine's own. */
  platform: string;
  /** X-Registry-Auth. */
  auth: string;
  /** Have the engine say what happened (PULL_EXPLAIN_ID). */
  explain?: boolean;
}

/** POST /images/create: a stream of progress messages. */
export function pullImage(client: EngineClient, name: string, options: PullOptions): Promise<TransportResponse> {
  const { tag, platform, auth, explain = false } = options;
  return client.stream('POST', '/images/create', {
    query: { fromImage: name, tag, platform, ...(explain && { explain: '1' }) },
    headers: { 'X-Registry-Auth': auth },
  });
}
