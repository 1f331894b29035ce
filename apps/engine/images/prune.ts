import { familiarString } from '@berth/oci';
import { durablyEvenIfFull } from '../state/database.ts';
import { announce, type ImageContext } from './context.ts';
import { freeContent, type Taken, takeAway } from './delete.ts';
import { danglingFilter, imageFilter } from './list.ts';
import { forgetRemoved, usersOf } from './remove.ts';
import type { ImageRow } from './store.ts';
import type { RemovedItem } from './wire.ts';

const FILTERS = ['dangling', 'label', 'label!', 'until'];

/**
 * POST /images/prune: images without a tag, or with `dangling=false` all, that no container uses. An image that others
 * were made of is not dangling: it goes with the last of them. Without further filters what interrupted pulls left goes
 * too. Errors: invalid.
 */
export async function pruneImages(
  context: ImageContext,
  filters: Record<string, string[]>,
): Promise<{ ImagesDeleted: RemovedItem[] | null; SpaceReclaimed: number }> {
  const { store } = context;
  const matches = imageFilter(context, filters, FILTERS);
  const onlyDangling = danglingFilter(filters) ?? true;
  const before = store.layersSize();
  const items: RemovedItem[] = [];
  const rows = store.images();
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    // One transaction for many: each waits for the disk.
    const removals = durablyEvenIfFull(store.db, () =>
      rows
        .slice(at, at + AT_ONCE)
        .flatMap((row) => (matches(row) ? (removeOne(context, row, onlyDangling) ?? []) : [])),
    );
    const deleted = await freeContent(
      context,
      removals.flatMap(({ taken }) => taken),
    );
    items.push(...inOrder(removals, deleted));
  }
  await forgetRemoved(context);
  // Nothing tells what a part of a layer belongs to, so it matches no filter.
  const selective = ['label', 'label!', 'until'].some((name) => filters[name] !== undefined);
  const parts = selective ? 0 : await context.content.blobs.partial.prune('all');
  const reclaimed = before - store.layersSize() + parts;
  context.publish('image', 'prune', '', { reclaimed: String(reclaimed) });
  return { ImagesDeleted: items.length > 0 ? items : null, SpaceReclaimed: reclaimed };
}

/** Not so many that others wait long for them. */
const AT_ONCE = 100;

interface Removal {
  untagged: RemovedItem[];
  taken: Taken[];
}

/** The rows of an image that may go; undefined when it may not. */
function removeOne(context: ImageContext, { id }: ImageRow, onlyDangling: boolean): Removal | undefined {
  const { store } = context;
  const references = store.references(id);
  if (onlyDangling && references.some((reference) => reference.digest === undefined)) return undefined;
  // A parent may be gone with its last child by now.
  if (store.image(id)?.removed !== false || usersOf(context, id).length > 0) return undefined;
  if ((onlyDangling || references.length === 0) && store.hasChildren(id)) return undefined;
  for (const reference of references) {
    store.removeReference(reference);
    announce(context, 'untag', id, id);
  }
  const untagged = references.map((reference) => ({ Untagged: familiarString(reference) }));
  return { untagged, taken: takeAway(context, id, false) };
}

/** Names before what became of their image; `deleted` is in the order of the images. */
function inOrder(removals: readonly Removal[], deleted: readonly RemovedItem[]): RemovedItem[] {
  const names = new Map(removals.map(({ untagged, taken }) => [taken[0]?.id as string, untagged]));
  return deleted.flatMap((item) => ('Deleted' in item ? [...(names.get(item.Deleted) ?? []), item] : [item]));
}
