/** `volume ls`, from what `GET /volumes` answered, and the volumes of `system df`. */
import { labels } from './containers.ts';
import { type ListFormat, type ListSpec, renderList } from './list.ts';
import { STRING } from './template/value.ts';
import { humanSize } from './units.ts';

export interface VolumeRow {
  Name: string;
  Driver: string;
  Mountpoint: string;
  Scope: string;
  Labels: Record<string, string> | null;
  /** -1 where unknown. */
  UsageData?: { Size: number; RefCount: number } | null;
}

export interface VolumeListOptions {
  format?: string | undefined;
  /** `volumesFormat` of the configuration file; `--format` and `--quiet` win over it. */
  volumesFormat?: string | undefined;
  quiet?: boolean;
  /** Columns of volumes of a swarm. */
  cluster?: boolean;
}

export function renderVolumeList(volumes: readonly VolumeRow[], options: VolumeListOptions): Promise<string> {
  return renderList(volumes, volumeSpec, listFormat(options));
}

function listFormat({
  format = '',
  volumesFormat = '',
  quiet = false,
  cluster = false,
}: VolumeListOptions): ListFormat {
  const wanted = cluster ? 'table' : format || (quiet ? '' : volumesFormat) || 'table';
  if (wanted === 'raw') {
    return { kind: 'custom', format: quiet ? 'name: {{.Name}}' : 'name: {{.Name}}\ndriver: {{.Driver}}\n' };
  }
  if (wanted !== 'table') return { kind: 'custom', format: wanted };
  if (quiet) return { kind: 'plain', column: 'Name' };
  return {
    kind: 'table',
    columns: cluster ? ['Name', 'Group', 'Driver', 'Availability', 'Status'] : ['Driver', 'Name'],
  };
}

export const volumeSpec: ListSpec<VolumeRow> = {
  typeName: '*formatter.volumeContext',
  headers: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Availability: 'AVAILABILITY',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
    Group: 'GROUP',
    Status: 'STATUS',
  },
  fields: {
    Name: (volume) => volume.Name,
    Driver: (volume) => volume.Driver,
    Scope: (volume) => volume.Scope,
    Mountpoint: (volume) => volume.Mountpoint,
    Labels: (volume) => labels(volume.Labels),
    Links: (volume) => (volume.UsageData ? String(volume.UsageData.RefCount) : 'N/A'),
    Size: (volume) => (volume.UsageData ? humanSize(volume.UsageData.Size) : 'N/A'),
    // Of cluster volumes, which there are none of here.
    Group: () => 'N/A',
    Availability: () => 'N/A',
    Status: () => 'N/A',
  },
  methods: {
    Label: { params: [STRING], call: (volume, name: string) => (volume as VolumeRow).Labels?.[name] ?? '' },
  },
};
