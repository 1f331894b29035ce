import { BerthError } from '@berth/kit';
import type { NetworkRecord } from './model.ts';

/**
 * A network by id, name or unambiguous id prefix, in this order.
 * Errors: not-found `network NAME not found`, invalid when a prefix fits several.
 */
export function findNetwork(networks: Iterable<NetworkRecord>, nameOrId: string): NetworkRecord {
  const all = [...networks];
  const exact = all.find((network) => network.id === nameOrId) ?? all.find((network) => network.name === nameOrId);
  if (exact) return exact;
  const fitting = nameOrId === '' ? [] : all.filter((network) => network.id.startsWith(nameOrId));
  if (fitting.length > 1)
    throw new BerthError('invalid', `network ${nameOrId} is ambiguous (${fitting.length} matches found on ID prefix)`);
  if (fitting[0]) return fitting[0];
  throw new BerthError('not-found', `network ${nameOrId} not found`, {
    hint: `There are: ${all
      .slice(0, 20)
      .map((network) => network.name)
      .join(', ')}${all.length > 20 ? ' and others' : ''}.`,
  });
}
