import type { EngineClient } from '../engine-client.ts';

/** POST /containers/prune; space in bytes. */
export function pruneContainers(
  client: EngineClient,
  filters: Record<string, string[]>,
): Promise<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }> {
  return client.json('POST', '/containers/prune', {
    query: Object.keys(filters).length > 0 ? { filters } : {},
  });
}
