import type { EngineClient } from '../engine-client.ts';

/** POST /volumes/prune; space in bytes. */
export function pruneVolumes(
  client: EngineClient,
  filters: Record<string, string[]>,
): Promise<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }> {
  return client.json('POST', '/volumes/prune', { query: Object.keys(filters).length > 0 ? { filters } : {} });
}
