import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';

export interface ImportOptions {
  /** `-` for the body, or an address that the engine fetches. */
  source: string;
  repo: string;
  tag: string;
  message: string;
  /** Dockerfile instructions to apply. */
  changes: string[];
  platform: string;
}

/** POST /images/create with a root file system: a stream of progress messages. */
export function importImage(
  client: EngineClient,
  archive: AsyncIterable<Uint8Array> | undefined,
  options: ImportOptions,
): Promise<TransportResponse> {
  const { source, repo, tag, message, changes, platform } = options;
  return client.stream('POST', '/images/create', {
    query: { fromSrc: source, repo, tag, message, changes, platform },
    ...(archive && { body: archive }),
  });
}
