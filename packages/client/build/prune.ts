import type { EngineClient } from '../engine-client.ts';

/** POST /build/prune. `keepStorage` in bytes, 0 keeps nothing. */
export function pruneBuildCache(
  client: EngineClient,
  options: { all: boolean; keepStorage: number; filters: Record<string, string[]> },
): Promise<{ CachesDeleted: string[] | null; SpaceReclaimed: number }> {
  const { all, keepStorage, filters } = options;
  return client.json('POST', '/build/prune', {
    query: {
      ...(all && { all: 1 }),
      ...(keepStorage && { 'keep-storage': keepStorage }),
      ...(Object.keys(filters).length && { filters }),
    },
  });
}
