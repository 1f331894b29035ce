import { parseTimestamp } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { transaction } from '../../state/database.ts';
import type { Builder } from '../build-context.ts';
import type { PruneOptions } from '../model.ts';
import { cacheDirectories, removeCache } from '../mounts/cache-mounts.ts';
import { directorySize } from '../mounts/directory-size.ts';
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

type Pruned = { CachesDeleted: string[]; SpaceReclaimed: number };
type Means = Pick<Builder, 'cache' | 'images' | 'publish' | 'inputs' | 'config'>;

/**
 * POST /build/prune: removes what the cache holds, longest unused first. Of steps, without `all`, only those whose image
 * nobody sees; with `keepStorage` until no more than so many bytes are left. Errors: invalid.
 */
export async function pruneCache(builder: Means, options: PruneOptions): Promise<Pruned> {
  const pruned = await removeUnused(builder, options);
  builder.publish('builder', 'prune', '', { reclaimed: String(pruned.SpaceReclaimed) });
  return pruned;
}

/** What a build may leave behind: results of steps that no image in sight has. */
const GC_KEEP_BYTES = 20 * 1024 ** 3;
/** And how long it may be unused. */
const GC_UNUSED = '720h';

/** After a build: keeps the cache within its limits. */
export async function collectGarbage(builder: Means): Promise<void> {
  await removeUnused(builder, { all: false, keepStorage: 0, filters: { 'unused-for': [GC_UNUSED] } });
  await removeUnused(builder, { all: false, keepStorage: GC_KEEP_BYTES, filters: {} });
}

async function removeUnused(builder: Means, { all, keepStorage, filters }: PruneOptions): Promise<Pruned> {
  const { cache, images } = builder;
  const isVisible = (row: StepRow) => images.drafts.isVisible(row.image);
  const wanted = filterOf(filters, isVisible);
  const before = images.layersSize();
  let left = cache.all().reduce((sum, row) => sum + (isVisible(row) ? 0 : row.size), 0);
  const gone: StepRow[] = [];
  for (const row of cache.all()) {
    if (cache.pending.has(row.key) || !wanted(row)) continue;
    if (!all && isVisible(row) && !isPicked(filters)) continue;
    if (keepStorage > 0 && left <= keepStorage) break;
    gone.push(row);
    if (!isVisible(row)) left -= row.size;
  }
  if (gone.length > 0) {
    transaction(cache.db, () => cache.remove(gone.map(({ key }) => key)));
    await images.forgetRemoved();
  }
  const others = isPicked(filters) ? { ids: [], bytes: 0 } : await removeFiles(builder, { keepStorage, filters });
  return {
    CachesDeleted: [...gone.map(idOf), ...others.ids],
    SpaceReclaimed: before - images.layersSize() + others.bytes,
  };
}

/** Directories of cache mounts, and contents of contexts. */
async function removeFiles(
  { config, inputs }: Means,
  { keepStorage, filters }: Pick<PruneOptions, 'keepStorage' | 'filters'>,
): Promise<{ ids: string[]; bytes: number }> {
  const before = Math.min(...limitsOf(filters), Number.POSITIVE_INFINITY);
  const types = filters['type'];
  const removed = { ids: [] as string[], bytes: 0 };
  if (types === undefined || types.includes('exec.cachemount')) {
    const sizes = new Map<string, number>();
    const found = cacheDirectories(config.dataRoot).sort((a, b) => a.used - b.used);
    for (const { path } of found) sizes.set(path, await directorySize(path));
    let left = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    for (const { path, id, inUse, used } of found) {
      if (inUse || used >= before || (keepStorage > 0 && left <= keepStorage)) continue;
      // Sizes take their time: a step may have begun to use it since.
      if (!(await removeCache(path))) continue;
      removed.ids.push(id.slice(0, 25));
      removed.bytes += sizes.get(path)!;
      left -= sizes.get(path)!;
    }
  }
  if (types === undefined || types.includes('source.local'))
    removed.bytes += await inputs.contexts.prune({ keep: keepStorage, before });
  return removed;
}

/** Whoever says which ones gets these, shared or not. */
function isPicked(filters: Record<string, string[]>): boolean {
  return ['id', 'description', 'shared'].some((name) => filters[name] !== undefined);
}

function filterOf(filters: Record<string, string[]>, isShared: (row: StepRow) => boolean): (row: StepRow) => boolean {
  const limits = limitsOf(filters);
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

function limitsOf(filters: Record<string, string[]>): number[] {
  return [...(filters['until'] ?? []), ...(filters['unused-for'] ?? [])].map(momentOf);
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
