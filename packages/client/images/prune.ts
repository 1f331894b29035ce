import type { EngineClient } from '../engine-client.ts';
import type { RemovedImage } from './remove.ts';

/** POST /images/prune; space in bytes. */
export function pruneImages(
  client: EngineClient,
  filters: Record<string, string[]>,
): Promise<{ ImagesDeleted: RemovedImage[] | null; SpaceReclaimed: number }> {
  return client.json('POST', '/images/prune', { query: { filters } });
}
