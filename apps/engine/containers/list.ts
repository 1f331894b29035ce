import { isBerthError } from '@berth/kit';
import type { Digest } from '@berth/oci';
import type { Image } from '../images/model.ts';
import type { Context } from './context.ts';
import type { ContainerRecord } from './model.ts';
import type { ContainerService, Filters } from './service.ts';
import { compileFilters, type FilterLookups } from './show/filters.ts';
import { writableSize } from './show/size.ts';
import { type ContainerSummary, staticSummary, summarize } from './show/summary.ts';

/**
 * Containers, newest first: those that run, or all when `all`, a status or a limit is asked for.
 * Errors: invalid (filter), not-found (container of the before and since filters).
 */
export const list =
  (context: Context): ContainerService['list'] =>
  async ({ all, limit, size, filters }) => {
    const images = new ImageNames(context);
    const holds = compileFilters(filters, lookups(context, images));
    const everyState = all || limit > 0 || asksForStates(filters);
    const found: ContainerRecord[] = [];
    for (const record of newestFirst(context.store.all())) {
      if (!everyState && !isUp(record)) continue;
      if (!holds(record, staticSummary(record, context.volumes))) continue;
      found.push(record);
      if (found.length === limit) break;
    }
    const now = Date.now();
    const summaries = found.map((record) =>
      summarize(record, context.volumes, images.nameFor(record), now, context.health.of(record.id)?.status),
    );
    if (size) for (const summary of summaries) await addSizes(context, images, summary);
    return summaries;
  };

/** Filters that only make sense for containers in any state. */
function asksForStates(filters: Filters): boolean {
  return (filters.status ?? []).length > 0;
}

function isUp({ state }: ContainerRecord): boolean {
  return state.status === 'running' || state.status === 'paused' || state.status === 'restarting';
}

function newestFirst(records: Iterable<ContainerRecord>): ContainerRecord[] {
  // Of those made in one millisecond the later one was stored later.
  return [...records].reverse().sort((a, b) => b.createdAt - a.createdAt);
}

async function addSizes(context: Context, images: ImageNames, summary: ContainerSummary): Promise<void> {
  summary.SizeRw = await writableSize(context.config, summary.Id);
  summary.SizeRootFs = summary.SizeRw + (images.resolve(summary.ImageID)?.size ?? 0);
}

function lookups(context: Context, images: ImageNames): FilterLookups {
  return {
    records: () => context.store.all(),
    container: (reference) => context.store.resolve(reference),
    health: ({ id }) => context.health.of(id)?.status ?? 'none',
    networkId: (name) => networkIdOrNothing(context, name),
    isAncestor(reference, record) {
      const ancestor = images.resolve(reference);
      return ancestor !== undefined && (ancestor.id === record.imageId || images.isBase(ancestor, record.imageId));
    },
  };
}

/** Images by reference, each looked up once for one list. */
class ImageNames {
  readonly #context: Context;
  readonly #found = new Map<string, Image | undefined>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** The name that the container was made with, or the image's id when that name means another image by now. */
  nameFor({ spec, imageId }: ContainerRecord): string {
    const name = spec.config.Image;
    return this.resolve(name)?.id === imageId ? name : imageId;
  }

  /** Whether the layers of `base` are the lower ones of another image. */
  isBase(base: Image, id: Digest): boolean {
    const lower = base.config.rootfs.diff_ids;
    const layers = this.resolve(id)?.config.rootfs.diff_ids ?? [];
    return lower.length > 0 && lower.length < layers.length && lower.every((layer, index) => layer === layers[index]);
  }

  resolve(reference: string): Image | undefined {
    if (!this.#found.has(reference)) this.#found.set(reference, resolveOrNothing(this.#context, reference));
    return this.#found.get(reference);
  }
}

function networkIdOrNothing({ networks }: Context, name: string): string | undefined {
  try {
    return networks.find(name).id;
  } catch (error) {
    if (isBerthError(error, 'not-found') || isBerthError(error, 'invalid')) return undefined;
    throw error;
  }
}

function resolveOrNothing({ images }: Context, reference: string): Image | undefined {
  try {
    return images.resolve(reference);
  } catch (error) {
    if (isBerthError(error, 'not-found') || isBerthError(error, 'invalid')) return undefined;
    throw error;
  }
}
