import type { ListSpec } from './list.ts';
import { goTimeText, parseInstant } from './time.ts';
import { humanDuration, humanSize } from './units.ts';

/** A record of the build cache as `GET /system/df` lists it. Times are RFC 3339, the size is in bytes. */
export interface CacheRecord {
  ID: string;
  Parent?: string;
  Parents?: string[] | null;
  Type: string;
  Description: string;
  InUse: boolean;
  Shared: boolean;
  Size: number;
  CreatedAt: string;
  LastUsedAt?: string | null;
  UsageCount: number;
}

/** Fields of a cache record; `trunc` shortens ids and marks those in use. */
export function buildCacheSpec(trunc: boolean): ListSpec<CacheRecord> {
  return {
    typeName: '*formatter.buildCacheContext',
    headers: {
      ID: 'CACHE ID',
      Parent: 'PARENT',
      CacheType: 'CACHE TYPE',
      Description: 'DESCRIPTION',
      InUse: 'IN USE',
      Shared: 'SHARED',
      Size: 'SIZE',
      CreatedAt: 'CREATED AT',
      CreatedSince: 'CREATED',
      LastUsedAt: 'LAST USED AT',
      LastUsedSince: 'LAST USED',
      UsageCount: 'USAGE',
    },
    fields: {
      ID: (record) => {
        const id = trunc ? record.ID.slice(0, 12) : record.ID;
        return record.InUse ? `${id}*` : id;
      },
      Parent: (record) => {
        const parent = record.Parents?.join(', ') ?? record.Parent ?? '';
        return trunc ? parent.slice(0, 12) : parent;
      },
      CacheType: (record) => record.Type,
      Description: (record) => record.Description,
      InUse: (record) => String(record.InUse),
      Shared: (record) => String(record.Shared),
      Size: (record) => humanSize(record.Size, 3),
      CreatedAt: (record) => goTimeText(record.CreatedAt),
      CreatedSince: (record) => since(record.CreatedAt),
      LastUsedAt: (record) => goTimeText(record.LastUsedAt ?? ''),
      LastUsedSince: (record) => since(record.LastUsedAt ?? ''),
      UsageCount: (record) => String(record.UsageCount),
    },
  };
}

function since(text: string): string {
  const at = parseInstant(text);
  return at ? `${humanDuration(Date.now() - at.seconds * 1000)} ago` : '';
}
