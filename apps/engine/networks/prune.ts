import { checkFilterNames, type Filters, fitsLabels, untilOf } from './filters.ts';
import { isPredefined } from './model.ts';
import { takeDown, whyInUse } from './remove.ts';
import type { NetworksState } from './state.ts';

/**
 * POST /networks/prune: removes networks of users that no container is in, be it only at its next start.
 * Filters: until, label, label!. Errors: invalid.
 */
export async function pruneNetworks(
  state: NetworksState,
  filters: Filters,
): Promise<{ NetworksDeleted: string[] | null }> {
  checkFilterNames(filters, ['until', 'label', 'label!']);
  const until = untilOf(filters['until']);
  const removed: string[] = [];
  for (const network of [...state.networks.values()]) {
    if (isPredefined(network.name) || network.createdAt > until || !fitsLabels(network.spec.labels, filters)) continue;
    if (!state.networks.has(network.id) || whyInUse(state, network) !== undefined) continue;
    if (state.users.containersOf(network).length > 0) continue;
    await takeDown(state, network);
    state.publish('network', 'destroy', network.id, { name: network.name, type: network.driver });
    removed.push(network.name);
  }
  state.publish('network', 'prune', '', { reclaimed: '0' });
  return { NetworksDeleted: removed.length > 0 ? removed : null };
}
