/** `images` and `image ls`, from what `GET /images/json` answered. */
import { type ListFormat, type ListSpec, renderList } from './list.ts';
import { parseFamiliar } from './reference.ts';
import { shortId } from './text.ts';
import { goTimeString } from './time.ts';
import { humanDuration, humanSize } from './units.ts';

/** An entry of `GET /images/json`. Sizes in bytes, -1 when not computed. */
export interface ImageSummary {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  /** Seconds since the epoch. */
  Created: number;
  Size: number;
  SharedSize?: number;
  Containers?: number;
  Labels?: Record<string, string> | null;
}

export interface ImageListOptions {
  format?: string | undefined;
  /** `imagesFormat` of the configuration file; `--format` and `--quiet` win over it. */
  imagesFormat?: string | undefined;
  quiet?: boolean;
  noTrunc?: boolean;
  digests?: boolean;
}

/** An image is shown once per name. */
export interface ImageRow {
  image: ImageSummary;
  repository: string;
  tag: string;
  digest: string;
}

const NONE = '<none>';

export function renderImageList(images: readonly ImageSummary[], options: ImageListOptions): Promise<string> {
  const format = listFormat(options);
  const showsDigest = options.digests || (format.kind === 'custom' && format.format.includes('{{.Digest}}'));
  const rows = images.flatMap((image) => imageRows(image, showsDigest ?? false, options.digests ?? false));
  return renderList(rows, imageSpec(!options.noTrunc), format);
}

function listFormat(options: ImageListOptions): ListFormat {
  const { quiet = false, digests = false } = options;
  const format = options.format || (quiet ? '' : (options.imagesFormat ?? '')) || 'table';
  if (format === 'table') {
    if (quiet) return { kind: 'plain', column: 'ID' };
    const columns = ['Repository', 'Tag', ...(digests ? ['Digest'] : []), 'ID', 'CreatedOrUnknown', 'Size'];
    return { kind: 'table', columns };
  }
  if (format === 'raw') return { kind: 'custom', format: rawFormat(quiet, digests) };
  const adds = format.startsWith('table') && digests && !format.includes('{{.Digest}}');
  return { kind: 'custom', format: adds ? `${format}\t{{.Digest}}` : format };
}

function rawFormat(quiet: boolean, digests: boolean): string {
  if (quiet) return 'image_id: {{.ID}}';
  const digest = digests ? 'digest: {{.Digest}}\n' : '';
  return `repository: {{ .Repository }}\ntag: {{.Tag}}\n${digest}image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n`;
}

/** One row per tag (and per digest where digests are shown), else one for the digests, else one for the bare image. */
function imageRows(image: ImageSummary, showsDigest: boolean, perDigest: boolean): ImageRow[] {
  const row = (repository: string, tag: string, digest: string) => ({ image, repository, tag, digest });
  const tags = grouped(image.RepoTags, (reference) => reference.tag);
  const digests = grouped(image.RepoDigests, (reference) => reference.digest);
  if (tags.size === 0 && digests.size === 0) return [row(NONE, NONE, NONE)];
  const rows: ImageRow[] = [];
  for (const [name, named] of tags) {
    const own = showsDigest ? (digests.get(name) ?? []) : [];
    digests.delete(name);
    for (const tag of named) rows.push(...(own.length ? own : [NONE]).map((digest) => row(name, tag, digest)));
  }
  for (const [name, left] of digests) rows.push(...(perDigest ? left : ['']).map((digest) => row(name, NONE, digest)));
  return rows;
}

function grouped(
  references: string[] | null,
  pick: (reference: { tag: string; digest: string }) => string,
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const text of references ?? []) {
    const reference = parseFamiliar(text);
    const value = reference ? pick(reference) : '';
    if (!reference || value === '') continue;
    groups.set(reference.name, [...(groups.get(reference.name) ?? []), value]);
  }
  return groups;
}

/** Fields of an image in lists; `trunc` shortens ids. */
export function imageSpec(trunc: boolean): ListSpec<ImageRow> {
  const created = ({ image }: ImageRow) => `${humanDuration(Date.now() - image.Created * 1000)} ago`;
  return {
    typeName: '*formatter.imageContext',
    headers: {
      ID: 'IMAGE ID',
      Repository: 'REPOSITORY',
      Tag: 'TAG',
      Digest: 'DIGEST',
      CreatedSince: 'CREATED',
      CreatedOrUnknown: 'CREATED',
      CreatedAt: 'CREATED AT',
      Size: 'SIZE',
      Containers: 'CONTAINERS',
      VirtualSize: 'SIZE',
      SharedSize: 'SHARED SIZE',
      UniqueSize: 'UNIQUE SIZE',
    },
    fields: {
      ID: ({ image }) => (trunc ? shortId(image.Id) : image.Id),
      Repository: ({ repository }) => repository,
      Tag: ({ tag }) => tag,
      Digest: ({ digest }) => digest,
      CreatedSince: created,
      CreatedAt: ({ image }) => goTimeString({ seconds: image.Created, fraction: 0 }),
      Size: ({ image }) => humanSize(image.Size, 3),
      Containers: ({ image }) => known(image.Containers, String),
      VirtualSize: ({ image }) => humanSize(image.Size),
      SharedSize: ({ image }) => known(image.SharedSize, humanSize),
      UniqueSize: ({ image }) =>
        image.Size === -1 ? 'N/A' : known(image.SharedSize, (shared) => humanSize(image.Size - shared)),
    },
    columns: { CreatedOrUnknown: created },
  };
}

function known(value: number | undefined, show: (value: number) => string): string {
  return value === -1 ? 'N/A' : show(value ?? 0);
}
