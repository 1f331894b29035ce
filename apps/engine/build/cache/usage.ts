import type { Builder } from '../build-context.ts';
import type { BuildCacheRecord } from '../model.ts';
import { cacheDirectories } from '../mounts/cache-mounts.ts';
import { directorySize } from '../mounts/directory-size.ts';
import type { StepRow } from './store.ts';

/**
 * The build cache as Docker shows it: results of steps, directories of `--mount=type=cache`, contents of contexts. A step
 * whose image is in sight is shared: removing it from the cache frees nothing.
 */
export async function usage(
  builder: Pick<Builder, 'cache' | 'images' | 'config' | 'inputs'>,
): Promise<BuildCacheRecord[]> {
  return [...steps(builder), ...(await caches(builder)), ...(await contexts(builder))];
}

function steps({ cache, images }: Pick<Builder, 'cache' | 'images'>): BuildCacheRecord[] {
  const rows = cache.all();
  const byImage = new Map(rows.map((row) => [row.image, row]));
  return rows.map((row) => {
    const parent = row.parent === '' ? undefined : byImage.get(row.parent);
    return {
      ID: idOf(row),
      Parents: parent ? [idOf(parent)] : null,
      Type: 'regular',
      Description: row.description,
      InUse: cache.pending.has(row.key),
      Shared: images.drafts.isVisible(row.image),
      Size: row.size,
      CreatedAt: new Date(row.created).toISOString(),
      LastUsedAt: row.uses === 0 ? null : new Date(row.used).toISOString(),
      UsageCount: row.uses,
    };
  });
}

async function caches({ config }: Pick<Builder, 'config'>): Promise<BuildCacheRecord[]> {
  const records: BuildCacheRecord[] = [];
  for (const { path, id, inUse, used } of cacheDirectories(config.dataRoot)) {
    records.push({
      ...{ ID: id.slice(0, ID_LENGTH), Parents: null, Type: 'exec.cachemount', Description: `cache mount ${id}` },
      ...{ InUse: inUse, Shared: false, Size: await directorySize(path) },
      ...{ CreatedAt: new Date(used).toISOString(), LastUsedAt: new Date(used).toISOString(), UsageCount: 1 },
    });
  }
  return records;
}

async function contexts({ inputs }: Pick<Builder, 'inputs'>): Promise<BuildCacheRecord[]> {
  const { files, bytes, inUse } = await inputs.contexts.usage();
  if (files === 0) return [];
  return [
    {
      ...{ ID: 'contexts', Parents: null, Type: 'source.local', Description: `${files} files of build contexts` },
      ...{ InUse: inUse > 0, Shared: false, Size: bytes, CreatedAt: new Date(0).toISOString(), LastUsedAt: null },
      UsageCount: 1,
    },
  ];
}

/** Docker's ids of cache records have 25 characters. */
const ID_LENGTH = 25;

export function idOf({ key }: Pick<StepRow, 'key'>): string {
  return key.slice(0, ID_LENGTH);
}
