import type { EngineClient } from '../engine-client.ts';

/** POST /networks/prune; names of what was removed. */
export function pruneNetworks(
  client: EngineClient,
  filters: Record<string, string[]>,
): Promise<{ NetworksDeleted: string[] | null }> {
  return client.json('POST', '/networks/prune', { query: Object.keys(filters).length > 0 ? { filters } : {} });
}
