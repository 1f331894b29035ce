/** `image ls --tree`: images with the platforms below them. */
import { shortId } from './text.ts';
import { humanSize } from './units.ts';

/** What the tree shows of an entry of `GET /images/json?manifests=1`. Sizes in bytes. */
export interface TreeImage {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Created: number;
  Size: number;
  Containers?: number;
  Manifests?: TreeManifest[] | null;
}

interface TreeManifest {
  ID: string;
  Kind: string;
  Size: { Content: number; Total: number };
  ImageData?: { Platform: { os: string; architecture: string; variant?: string }; Containers: string[] | null } | null;
}

export interface TreeStyle {
  /** Also images without a name. */
  all: boolean;
  /** Of the terminal; 80 where there is none. */
  columns: number;
  colors: boolean;
}

interface Row {
  id: string;
  size: string;
  content: string;
  used: boolean;
}

interface Column {
  heading: string;
  width: number;
  right: boolean;
  text(row: Row): string;
  /** Escape codes around a text, or none. */
  paint: Paint;
}

type Paint = (text: string) => string;

const GAP = 3;
/** Columns at the right are left out where names would have less room than this. */
const LEAST_NAME = 12;

/** The tree, newest image first. */
export function renderImageTree(images: readonly TreeImage[], style: TreeStyle): string {
  const paints = style.colors ? COLORS : PLAIN;
  const columns = columnsFor(style.columns, paints);
  const nameWidth = style.columns - columns.reduce((sum, { width }) => sum + width + GAP, 0);
  const line = (name: string, paint: Paint, cell: (column: Column) => string) =>
    `${padded(name, nameWidth, paint)}${columns.map((column) => ' '.repeat(GAP) + cell(column)).join('')}\n`;
  const shown = images.filter((image) => style.all || image.RepoTags?.length || image.RepoDigests?.length);
  const parts = [
    `${paints.warning("WARNING: This is an experimental feature. The output may change and shouldn't be depended on.")}\n`,
    legend(style),
    '\n',
    line('IMAGE', paints.heading, ({ heading, width }) => padded(heading, width, paints.heading)),
  ];
  const row = (name: string, paint: Paint, values: Row) => line(name, paint, (column) => cellText(column, values));
  for (const image of [...shown].sort((a, b) => b.Created - a.Created)) {
    const names = [...(image.RepoTags ?? [])].sort((a, b) => b.length - a.length);
    const last = names.pop();
    parts.push(...names.map((name) => `${paints.name(name)}\n`));
    parts.push(row(last ?? '<untagged>', last === undefined ? paints.dim : paints.name, imageRow(image)));
    const platforms = platformsOf(image);
    platforms.forEach(({ platform, values }, index) => {
      parts.push(row(`${index === platforms.length - 1 ? '└─' : '├─'} ${platform}`, paints.text, values));
    });
    parts.push('\n');
  }
  return parts.join('');
}

/** What the letter in the last column means, at the right. */
function legend({ columns, colors }: TreeStyle): string {
  const plain = colors ? 'i Info →   U  In Use ' : 'Info ->  U In Use ';
  const text = colors
    ? '\x1b[1m\x1b[106m\x1b[30mi\x1b[0m\x1b[0m \x1b[96mInfo → \x1b[0m\x1b[0m \x1b[38;5;0m\x1b[48;5;14m U \x1b[0m In Use '
    : plain;
  return `${' '.repeat(Math.max(0, columns - plain.length))}${text}\n`;
}

interface Paints {
  heading: Paint;
  text: Paint;
  name: Paint;
  dim: Paint;
  warning: Paint;
  used: Paint;
}

const painted = (codes: string): Paint => {
  return (text) => `${codes}${text}\x1b[0m`;
};
const asIs: Paint = (text) => text;
const PLAIN: Paints = { heading: asIs, text: asIs, name: asIs, dim: asIs, warning: asIs, used: asIs };
const COLORS: Paints = {
  heading: painted('\x1b[39m\x1b[1m'),
  text: painted('\x1b[39m'),
  name: painted('\x1b[34m\x1b[1m'),
  dim: painted('\x1b[39m\x1b[2m'),
  warning: painted('\x1b[93m'),
  used: painted('\x1b[38;5;0m\x1b[48;5;14m'),
};

function columnsFor(total: number, paints: Paints): Column[] {
  const mark = (row: Row) => (row.used ? (paints === PLAIN ? 'U' : ' U ') : '');
  const all: Column[] = [
    { heading: 'ID', width: 12, right: false, text: (row) => row.id, paint: paints.text },
    { heading: 'DISK USAGE', width: 10, right: true, text: (row) => row.size, paint: paints.text },
    { heading: 'CONTENT SIZE', width: 12, right: true, text: (row) => row.content, paint: paints.text },
    { heading: 'EXTRA', width: 5, right: false, text: mark, paint: paints.used },
  ];
  const room = () => total - all.reduce((sum, { width }) => sum + width + GAP, 0);
  while (all.length > 0 && room() < LEAST_NAME) all.pop();
  return all;
}

function cellText(column: Column, row: Row): string {
  const text = column.text(row);
  if (!column.right) return text === '' ? ' '.repeat(column.width) : padded(text, column.width, column.paint);
  return `${' '.repeat(Math.max(0, column.width - text.length))}${column.paint(text)}`;
}

/** Cut or filled to `width`; only the text is painted. */
function padded(text: string, width: number, paint: Paint): string {
  const runes = [...text];
  const cut = runes.length > width ? `${runes.slice(0, Math.max(0, width - 1)).join('')}…` : text;
  return `${paint(cut)}${' '.repeat(Math.max(0, width - [...cut].length))}`;
}

function imageRow(image: TreeImage): Row {
  const manifests = image.Manifests ?? [];
  const used = (image.Containers ?? 0) > 0 || manifests.some(isUsed);
  const content = manifests.reduce((sum, { Size }) => sum + Size.Content, 0);
  return { id: shortId(image.Id), size: humanSize(image.Size, 3), content: humanSize(content, 3), used };
}

function platformsOf(image: TreeImage): { platform: string; values: Row }[] {
  return (image.Manifests ?? []).flatMap((manifest) => {
    if (manifest.Kind !== 'image' || !manifest.ImageData) return [];
    const { os, architecture, variant } = manifest.ImageData.Platform;
    const { Content, Total } = manifest.Size;
    const sizes = { size: humanSize(Total, 3), content: humanSize(Content, 3) };
    const platform = [os, architecture, variant].filter((part) => part).join('/');
    return [{ platform, values: { id: shortId(manifest.ID), ...sizes, used: isUsed(manifest) } }];
  });
}

function isUsed({ ImageData }: TreeManifest): boolean {
  return (ImageData?.Containers?.length ?? 0) > 0;
}
