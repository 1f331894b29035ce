/** `system df`, from what `GET /system/df` answered. */
import { buildCacheSpec, type CacheRecord } from './build-cache.ts';
import { type ContainerSummary, containerSpec } from './containers.ts';
import { type ImageRow, type ImageSummary, imageSpec } from './images.ts';
import { contextType, type ListSpec, renderList } from './list.ts';
import { parseFamiliar } from './reference.ts';
import { humanSize } from './units.ts';
import { type VolumeRow, volumeSpec } from './volumes.ts';

/** Sizes in bytes. */
export interface DiskUsage {
  LayersSize: number;
  Images: ImageSummary[] | null;
  Containers: ContainerSummary[] | null;
  Volumes: VolumeRow[] | null;
  BuildCache: CacheRecord[] | null;
}

/** A line of the summary. */
interface Total {
  type: string;
  count: number;
  active: number;
  size: number;
  reclaimable: string;
}

export function renderDiskUsage(usage: DiskUsage, options: { format: string; verbose: boolean }): Promise<string> {
  const { format, verbose } = options;
  if (verbose) return format === '' || format === 'table' ? verboseTables(usage) : verboseCustom(usage, format);
  const rows = [imageTotal(usage), containerTotal(usage), volumeTotal(usage), cacheTotal(usage)];
  if (format === '' || format === 'table') return renderList(rows, TOTALS, { kind: 'table', columns: SUMMARY });
  const raw =
    'type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n';
  return renderList(rows, TOTALS, { kind: 'custom', format: format === 'raw' ? raw : format });
}

const SUMMARY = ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'];

const TOTALS: ListSpec<Total> = {
  typeName: '*formatter.diskUsageImagesContext',
  headers: { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
  fields: {
    Type: (total) => total.type,
    TotalCount: (total) => String(total.count),
    Active: (total) => String(total.active),
    Size: (total) => humanSize(total.size),
    Reclaimable: (total) => total.reclaimable,
  },
};

function share(part: number, whole: number): string {
  return whole > 0 ? `${humanSize(part)} (${Math.trunc((part * 100) / whole)}%)` : humanSize(part);
}

function imageTotal({ Images, LayersSize }: DiskUsage): Total {
  const images = Images ?? [];
  const used = images.filter((image) => (image.Containers ?? 0) > 0 && image.Size !== -1 && image.SharedSize !== -1);
  const inUse = used.reduce((sum, image) => sum + image.Size - (image.SharedSize ?? 0), 0);
  const active = images.filter((image) => (image.Containers ?? 0) > 0).length;
  const reclaimable = share(LayersSize - inUse, LayersSize);
  return { type: 'Images', count: images.length, active, size: LayersSize, reclaimable };
}

function isActive(container: ContainerSummary): boolean {
  return ['running', 'paused', 'restarting'].includes(container.State);
}

function containerTotal({ Containers }: DiskUsage): Total {
  const containers = Containers ?? [];
  const sum = (list: ContainerSummary[]) => list.reduce((total, container) => total + (container.SizeRw ?? 0), 0);
  const active = containers.filter(isActive);
  const size = sum(containers);
  return {
    type: 'Containers',
    count: containers.length,
    active: active.length,
    size,
    reclaimable: share(size - sum(active), size),
  };
}

function volumeTotal({ Volumes }: DiskUsage): Total {
  const volumes = Volumes ?? [];
  const known = volumes.filter((volume) => (volume.UsageData?.Size ?? -1) !== -1);
  const sum = (list: VolumeRow[]) => list.reduce((total, volume) => total + (volume.UsageData?.Size ?? 0), 0);
  const size = sum(known);
  const free = sum(known.filter((volume) => volume.UsageData?.RefCount === 0));
  const active = volumes.filter((volume) => (volume.UsageData?.RefCount ?? 0) > 0).length;
  return { type: 'Local Volumes', count: volumes.length, active, size, reclaimable: share(free, size) };
}

function cacheTotal({ BuildCache }: DiskUsage): Total {
  const records = BuildCache ?? [];
  const own = records.filter((record) => !record.Shared);
  const size = own.reduce((sum, record) => sum + record.Size, 0);
  const inUse = own.filter((record) => record.InUse).reduce((sum, record) => sum + record.Size, 0);
  const active = records.filter((record) => record.InUse).length;
  return { type: 'Build Cache', count: records.length, active, size, reclaimable: humanSize(size - inUse) };
}

/** With its first tag alone. */
function imageRow(image: ImageSummary): ImageRow {
  const first = image.RepoTags?.[0] === '<none>:<none>' ? undefined : parseFamiliar(image.RepoTags?.[0] ?? '');
  return { image, repository: first?.name ?? '<none>', tag: first?.tag || '<none>', digest: '' };
}

/** Without the image's size, which is counted above. */
function containerRow(container: ContainerSummary): ContainerSummary {
  return { ...container, SizeRootFs: 0 };
}

function sortedCache(usage: DiskUsage): CacheRecord[] {
  const when = (record: CacheRecord) => record.LastUsedAt ?? '';
  return [...(usage.BuildCache ?? [])].sort((a, b) => (when(a) < when(b) ? -1 : when(a) > when(b) ? 1 : 0));
}

async function verboseTables(usage: DiskUsage): Promise<string> {
  const images = await renderList((usage.Images ?? []).map(imageRow), imageSpec(true), {
    kind: 'table',
    columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize', 'Containers'],
  });
  const containers = await renderList((usage.Containers ?? []).map(containerRow), containerSpec(true), {
    kind: 'table',
    columns: ['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'RunningFor', 'Status', 'Names'],
  });
  const volumes = await renderList(usage.Volumes ?? [], volumeSpec, {
    kind: 'table',
    columns: ['Name', 'Links', 'Size'],
  });
  const cache = await renderList(sortedCache(usage), buildCacheSpec(true), {
    kind: 'table',
    columns: ['ID', 'CacheType', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'Shared'],
  });
  return (
    `Images space usage:\n\n${images}\nContainers space usage:\n\n${containers}\n` +
    `Local Volumes space usage:\n\n${volumes}\nBuild cache usage: ${humanSize(cacheTotal(usage).size)}\n\n${cache}`
  );
}

/** The user's template sees four lists: Images, Containers, Volumes, BuildCache. */
async function verboseCustom(usage: DiskUsage, format: string): Promise<string> {
  const { renderOne } = await import('./disk-usage-format.ts');
  return renderOne(format, {
    Images: { type: contextType(imageSpec(false)), rows: (usage.Images ?? []).map(imageRow) },
    Containers: { type: contextType(containerSpec(false)), rows: (usage.Containers ?? []).map(containerRow) },
    Volumes: { type: contextType(volumeSpec), rows: usage.Volumes ?? [] },
    BuildCache: { type: contextType(buildCacheSpec(false)), rows: sortedCache(usage) },
  });
}
