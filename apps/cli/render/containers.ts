/**
 * `ps` and `container ls`:
 *
 *     const text = await renderContainerList(summaries, { format, psFormat, quiet, noTrunc, size });
 *
 * `summaries` is what `GET /containers/json` answered. Ask for sizes (`size=1`) when `await containerListNeedsSize(options)`
 * says so; it also finds mistakes in the format before anything is asked.
 */
import { type ListFormat, type ListSpec, renderList } from './list.ts';
import { displayPorts, type PortSummary } from './ports.ts';
import { familiarImage } from './reference.ts';
import { pointerTo, STRING, STRING_SLICE, type Typed, typed } from './template/value.ts';
import { ellipsis, quote, shortId } from './text.ts';
import { goTimeString } from './time.ts';
import { humanDuration, humanSize } from './units.ts';

/** An entry of `GET /containers/json`. */
export interface ContainerSummary {
  Id: string;
  Names: string[] | null;
  Image: string;
  ImageID: string;
  Command: string;
  /** Seconds since the epoch. */
  Created: number;
  Ports: PortSummary[] | null;
  SizeRw?: number;
  SizeRootFs?: number;
  Labels: Record<string, string> | null;
  State: string;
  Status: string;
  NetworkSettings?: { Networks?: Record<string, unknown> | null } | null;
  Mounts?: { Type?: string; Name?: string; Source?: string; Driver?: string }[] | null;
  ImageManifestDescriptor?: {
    platform?: { os: string; architecture: string; variant?: string; 'os.version'?: string };
  } | null;
}

export interface ContainerListOptions {
  /** `--format`; empty or undefined: the standard table. */
  format?: string | undefined;
  /** `psFormat` of the configuration file; `--format` and `--quiet` win over it. */
  psFormat?: string | undefined;
  quiet?: boolean;
  noTrunc?: boolean;
  /** Adds the SIZE column to the standard table. */
  size?: boolean;
}

/** The list as text, ready to print. */
export function renderContainerList(
  containers: readonly ContainerSummary[],
  options: ContainerListOptions,
): Promise<string> {
  return renderList(containers, containerSpec(!options.noTrunc), listFormat(options));
}

/**
 * To be called before the engine is asked: tries the format on an empty row. True when it prints sizes, which the engine
 * computes only when asked. Throws CliError `failed to parse template: …`, `failed to execute template: …`.
 */
export async function containerListNeedsSize(options: ContainerListOptions): Promise<boolean> {
  const format = wantedFormat(options);
  if (format === '' || format === 'table' || format === 'json' || format === 'raw') return false;
  const spec = containerSpec(true);
  let used = false;
  const noteUse = () => {
    used = true;
    return '';
  };
  const fields = { ...spec.fields, Size: noteUse };
  const { tryFormat } = await import('./list-try.ts');
  tryFormat(format, { ...spec, fields }, EMPTY);
  return used;
}

const EMPTY: ContainerSummary = {
  Id: '',
  Names: [],
  Image: '',
  ImageID: '',
  Command: '',
  Created: 0,
  Ports: [],
  Labels: null,
  State: '',
  Status: '',
};

const COLUMNS = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'] as const;

function wantedFormat(options: ContainerListOptions): string {
  return options.format || (options.quiet ? '' : (options.psFormat ?? ''));
}

function listFormat(options: ContainerListOptions): ListFormat {
  const format = wantedFormat(options);
  if (format === 'raw') return { kind: 'custom', format: options.quiet ? 'container_id: {{.ID}}' : rawFormat(options) };
  if (options.quiet) return { kind: 'plain', column: 'ID' };
  if (format === '' || format === 'table')
    return { kind: 'table', columns: options.size ? [...COLUMNS, 'Size'] : COLUMNS };
  return { kind: 'custom', format };
}

function rawFormat(options: ContainerListOptions): string {
  const lines = [
    'container_id: {{.ID}}',
    'image: {{.Image}}',
    'command: {{.Command}}',
    'created_at: {{.CreatedAt}}',
    'state: {{- pad .State 1 0}}',
    'status: {{- pad .Status 1 0}}',
    'names: {{.Names}}',
    'labels: {{- pad .Labels 1 0}}',
    'ports: {{- pad .Ports 1 0}}',
  ];
  return `${[...lines, ...(options.size ? ['size: {{.Size}}'] : [])].join('\n')}\n`;
}

/** Fields of a container in lists; `trunc` shortens ids, commands, names and mounts. */
export function containerSpec(trunc: boolean): ListSpec<ContainerSummary> {
  return {
    typeName: '*formatter.ContainerContext',
    headers: {
      ID: 'CONTAINER ID',
      Names: 'NAMES',
      Image: 'IMAGE',
      Command: 'COMMAND',
      CreatedAt: 'CREATED AT',
      RunningFor: 'CREATED',
      Ports: 'PORTS',
      State: 'STATE',
      Status: 'STATUS',
      Size: 'SIZE',
      Labels: 'LABELS',
      Mounts: 'MOUNTS',
      LocalVolumes: 'LOCAL VOLUMES',
      Networks: 'NETWORKS',
      Platform: 'PLATFORM',
    },
    fields: {
      ID: (c) => (trunc ? shortId(c.Id) : c.Id),
      Names: (c) => names(c, trunc),
      Image: (c) => image(c, trunc),
      Command: (c) => quote(trunc ? ellipsis(c.Command, 20) : c.Command),
      CreatedAt: (c) => goTimeString({ seconds: c.Created, fraction: 0 }),
      RunningFor: (c) => `${humanDuration(Date.now() - c.Created * 1000)} ago`,
      Platform: (c) => platform(c),
      Ports: (c) => displayPorts(c.Ports ?? []),
      State: (c) => c.State,
      Status: (c) => c.Status,
      Size: (c) => size(c),
      Labels: (c) => labels(c.Labels),
      Mounts: (c) => (c.Mounts ?? []).map((m) => mountName(m, trunc)).join(','),
      LocalVolumes: (c) => String((c.Mounts ?? []).filter((m) => m.Driver === 'local').length),
      Networks: (c) => Object.keys(c.NetworkSettings?.Networks ?? {}).join(','),
    },
    methods: { Label: { params: [STRING], call: (c, name: string) => (c as ContainerSummary).Labels?.[name] ?? '' } },
  };
}

/** `key=value` pairs, sorted. */
export function labels(map: Record<string, string> | null | undefined): string {
  return Object.entries(map ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

/** Names without their slash; shortened, the aliases that links made are left out. */
function names(container: ContainerSummary, trunc: boolean): string {
  const all = (container.Names ?? []).map((name) => name.replace(/^\//, ''));
  return (trunc ? all.filter((name) => !name.includes('/')) : all).join(',');
}

function image(container: ContainerSummary, trunc: boolean): string {
  if (container.Image === '') return '<no image>';
  if (!trunc) return container.Image;
  const id = shortId(container.ImageID);
  return id === shortId(container.Image) ? id : familiarImage(container.Image);
}

function size(container: ContainerSummary): string {
  const own = humanSize(container.SizeRw ?? 0, 3);
  return container.SizeRootFs ? `${own} (virtual ${humanSize(container.SizeRootFs, 3)})` : own;
}

function mountName(mount: { Name?: string; Source?: string }, trunc: boolean): string {
  const name = mount.Name || mount.Source || '';
  return trunc ? ellipsis(name, 15) : name;
}

/** A `*formatter.Platform`: nil prints as `<nil>`, else `linux/arm64/v8`. */
function platform(container: ContainerSummary): Typed {
  return typed(PLATFORM, container.ImageManifestDescriptor?.platform ?? null);
}

const PLATFORM = pointerTo({
  kind: 'struct',
  name: 'formatter.Platform',
  fields: [
    { name: 'Architecture', json: 'architecture', omitEmpty: false, type: STRING, embedded: false },
    { name: 'OS', json: 'os', omitEmpty: false, type: STRING, embedded: false },
    { name: 'OSVersion', json: 'os.version', omitEmpty: true, type: STRING, embedded: false },
    { name: 'OSFeatures', json: 'os.features', omitEmpty: true, type: STRING_SLICE, embedded: false },
    { name: 'Variant', json: 'variant', omitEmpty: true, type: STRING, embedded: false },
  ],
  stringer(v) {
    const at = v as { os: string; architecture: string; variant?: string; 'os.version'?: string };
    const os = at['os.version'] ? `${at.os}(${at['os.version']})` : at.os;
    return [os, at.architecture, at.variant].filter(Boolean).join('/');
  },
});
