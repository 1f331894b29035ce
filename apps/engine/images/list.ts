import { matchesLabels, parseBoolean, parseTimestamp, unknownFilter } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { familiarName, familiarString, type Reference } from '@berth/oci';
import { type ImageContext, layersWithMembers, visibleParent } from './context.ts';
import { matchPath } from './match-path.ts';
import { namesOf } from './names.ts';
import { resolveImage } from './resolve.ts';
import type { ListImagesOptions } from './service.ts';
import type { ImageRow } from './store.ts';
import type { ImageSummary } from './wire.ts';

const FILTERS = ['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until'];

/**
 * GET /images/json: newest first. Images without a name that others were made of are left out unless `all`, and are
 * never dangling, as in Docker. Errors: invalid (filters), not-found (`before`, `since`).
 */
export function listImages(context: ImageContext, options: ListImagesOptions): ImageSummary[] {
  const { store } = context;
  const { filters } = options;
  const matches = imageFilter(context, filters, FILTERS);
  const dangling = danglingFilter(filters);
  const uses = options.sharedSize ? store.layerUses() : undefined;
  const named = store.allReferences();
  const summaries: ImageSummary[] = [];
  for (const row of store.images()) {
    if (!matches(row)) continue;
    const references = (named.get(row.id) ?? []).filter((reference) => isNamed(reference, filters.reference));
    if (references.length === 0 && filters.reference !== undefined) continue;
    if ((dangling === true || (references.length === 0 && !options.all)) && store.hasChildren(row.id)) continue;
    const { tags, digests } = namesOf(references);
    if (references.length === 0 ? dangling === false : dangling === true && tags.length > 0) continue;
    const layers = layersWithMembers(context, row.id);
    const sum = (some: typeof layers) => some.reduce((size, layer) => size + layer.size, 0);
    summaries.push({
      Containers: -1,
      Created: Math.floor(row.created / 1000),
      Id: row.id,
      Labels: row.config.config?.Labels ?? null,
      ParentId: visibleParent(context, row),
      RepoDigests: digests,
      RepoTags: tags,
      SharedSize: uses === undefined ? -1 : sum(layers.filter(({ diffId }) => (uses.get(diffId) ?? 0) > 1)),
      Size: sum(layers),
    });
  }
  return summaries;
}

/** The filters that speak of an image by itself; shared with prune. Errors: invalid, not-found. */
export function imageFilter(
  { store }: ImageContext,
  filters: Record<string, string[]>,
  accepted: readonly string[],
): (row: ImageRow) => boolean {
  const unknown = unknownFilter(filters, accepted);
  if (unknown !== undefined) throw new BerthError('invalid', `invalid filter '${unknown}'`);
  const before = (filters.before ?? []).map((name) => resolveImage(store, name).created);
  const since = (filters.since ?? []).map((name) => resolveImage(store, name).created);
  const until = (filters.until ?? []).map(parseUntil);
  return ({ created, config }) => {
    const labels = config.config?.Labels ?? {};
    return (
      before.every((limit) => created < limit) &&
      since.every((limit) => created > limit) &&
      until.every((limit) => created <= limit) &&
      matchesLabels(labels, filters.label) &&
      (filters['label!'] === undefined || !matchesLabels(labels, filters['label!']))
    );
  };
}

/** True and false as asked for, undefined when it was not. Errors: invalid. */
export function danglingFilter(filters: Record<string, string[]>): boolean | undefined {
  const values = filters.dangling;
  if (values === undefined || values.length === 0) return undefined;
  const isTrue = values.some((value) => value === 'true' || value === '1');
  const isFalse = values.some((value) => value === 'false' || value === '0');
  if (isTrue === isFalse) throw new BerthError('invalid', `invalid filter 'dangling=[${values.join(' ')}]'`);
  return parseBoolean(values[0]);
}

/** A moment, or how long ago (`10m`, `1h30m`), in milliseconds since the epoch. */
function parseUntil(text: string): number {
  const moment = parseTimestamp(text) ?? (/^\d{4}-\d\d-\d\d/.test(text) ? dateOf(text) : undefined);
  if (moment !== undefined) return Number(moment / 1_000_000n);
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) {
    throw new BerthError(
      'invalid',
      `invalid value for "until" filter: ${JSON.stringify(text)} is no time and no duration`,
    );
  }
  let ago = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) ago += Number(amount) * units[unit!]!;
  return Date.now() - ago;
}

/** Docker also takes dates and times without a zone. */
function dateOf(text: string): bigint | undefined {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1_000_000n;
}

function isNamed(reference: Reference, patterns: string[] | undefined): boolean {
  if (patterns === undefined) return true;
  const names = [familiarString(reference), familiarName(reference)];
  return patterns.some((pattern) => names.some((name) => matchPath(pattern, name)));
}
