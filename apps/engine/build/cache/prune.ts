import { parseTimestamp } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { transaction } from '../../state/database.ts';
import type { Builder } from '../build-context.ts';
import type { PruneOptions } from '../model.ts';
import type { StepRow } from './store.ts';
import { idOf } from './usage.ts';

/** Filters that `POST /build/prune` takes. */
export const PRUNE_FILTERS = [
  'until',
  'unused-for',
  'id',
  'parent',
  'type',
  'description',
  'inuse',
  'shared',
  'private',
];

/**
 * POST /build/prune: removes steps from the cache, longest unused first. Without `all` only those whose image nobody sees;
 * with `keepStorage` until no more than so many bytes are left. Errors: invalid.
 */
export async function pruneCache(
  builder: Pick<Builder, 'cache' | 'images' | 'publish' | 'inputs'>,
  { all, keepStorage, filters }: PruneOptions,
): Promise<{ CachesDeleted: string[]; SpaceReclaimed: number }> {
  const { cache, images } = builder;
  const wanted = filterOf(filters, (row) => images.drafts.isVisible(row.image));
  const before = images.layersSize();
  let left = cache.all().reduce((sum, row) => sum + row.size, 0);
  const gone: StepRow[] = [];
  for (const row of cache.all()) {
    if (cache.pending.has(row.key) || !wanted(row)) continue;
    if (!all && images.drafts.isVisible(row.image) && !isPicked(filters)) continue;
    if (keepStorage > 0 && left <= keepStorage) break;
    gone.push(row);
    left -= row.size;
  }
  transaction(cache.db, () => cache.remove(gone.map(({ key }) => key)));
  await images.forgetRemoved();
  const freed = isPicked(filters) ? 0 : await builder.inputs.contexts.prune({ keep: keepStorage });
  const SpaceReclaimed = before - images.layersSize() + freed;
  builder.publish('builder', 'prune', '', { reclaimed: String(SpaceReclaimed) });
  return { CachesDeleted: gone.map(idOf), SpaceReclaimed };
}

/** Whoever says which ones gets these, shared or not. */
function isPicked(filters: Record<string, string[]>): boolean {
  return ['id', 'description', 'shared'].some((name) => filters[name] !== undefined);
}

function filterOf(filters: Record<string, string[]>, isShared: (row: StepRow) => boolean): (row: StepRow) => boolean {
  const limits = [...(filters['until'] ?? []), ...(filters['unused-for'] ?? [])].map(momentOf);
  const flag = (name: string) => filters[name]?.map((value) => value !== 'false' && value !== '0')[0];
  const [shared, isPrivate, inUse] = [flag('shared'), flag('private'), flag('inuse')];
  return (row) =>
    limits.every((limit) => row.used < limit) &&
    (filters['id'] === undefined || filters['id'].some((id) => idOf(row).startsWith(id))) &&
    (filters['type'] === undefined || filters['type'].includes('regular')) &&
    (filters['parent'] === undefined || filters['parent'].some((id) => row.parent.includes(id))) &&
    (filters['description'] === undefined || filters['description'].some((text) => row.description.includes(text))) &&
    (shared === undefined || shared === isShared(row)) &&
    (isPrivate === undefined || isPrivate !== isShared(row)) &&
    inUse !== true;
}

const UNITS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** A moment, or how long ago (`24h`), in milliseconds since the epoch. Errors: invalid. */
function momentOf(text: string): number {
  const moment = parseTimestamp(text);
  if (moment !== undefined) return Number(moment / 1_000_000n);
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text))
    throw new BerthError('invalid', `failed to prune build cache: invalid duration ${JSON.stringify(text)}`);
  let ago = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) ago += Number(amount) * UNITS[unit!]!;
  return Date.now() - ago;
}
