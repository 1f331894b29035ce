import type { Builder } from '../build-context.ts';
import type { BuildCacheRecord } from '../model.ts';
import type { StepRow } from './store.ts';

/** The build cache as Docker shows it. What an image in sight has too is shared: removing it from the cache frees nothing. */
export function usage({ cache, images }: Pick<Builder, 'cache' | 'images'>): BuildCacheRecord[] {
  const rows = cache.all();
  const byImage = new Map(rows.map((row) => [row.image, row]));
  return rows.map((row) => ({
    ID: idOf(row),
    Parents: row.parent !== '' && byImage.has(row.parent) ? [idOf(byImage.get(row.parent)!)] : null,
    Type: 'regular',
    Description: row.description,
    InUse: cache.pending.has(row.key),
    Shared: images.drafts.isVisible(row.image),
    Size: row.size,
    CreatedAt: new Date(row.created).toISOString(),
    LastUsedAt: row.uses === 0 ? null : new Date(row.used).toISOString(),
    UsageCount: row.uses,
  }));
}

/** Docker's ids of cache records have 25 characters. */
export function idOf({ key }: Pick<StepRow, 'key'>): string {
  return key.slice(0, 25);
}
