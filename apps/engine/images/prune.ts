import { familiarString } from '@berth/oci';
import type { ImageContext } from './context.ts';
import { danglingFilter, imageFilter } from './list.ts';
import { forgetRemoved, removeImage } from './remove.ts';
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
  for (const row of store.images()) {
    if (!matches(row) || context.users().containersOf(row.id).length > 0) continue;
    // A parent may be gone with its last child by now.
    if (store.image(row.id)?.removed !== false) continue;
    const references = store.references(row.id);
    if ((onlyDangling || references.length === 0) && store.hasChildren(row.id)) continue;
    if (onlyDangling && references.some((reference) => reference.digest === undefined)) continue;
    const names = references.length === 0 ? [row.id] : references.map(familiarString);
    for (const name of names) {
      // A digest goes with the last tag of its repository.
      if (name !== row.id && !store.references(row.id).map(familiarString).includes(name)) continue;
      items.push(...(await removeImage(context, name, { force: false, noPrune: false })));
    }
  }
  await forgetRemoved(context);
  // Nothing tells what a part of a layer belongs to, so it matches no filter.
  const selective = ['label', 'label!', 'until'].some((name) => filters[name] !== undefined);
  const parts = selective ? 0 : await context.content.blobs.partial.prune('all');
  const reclaimed = before - store.layersSize() + parts;
  context.publish('image', 'prune', '', { reclaimed: String(reclaimed) });
  return { ImagesDeleted: items.length > 0 ? items : null, SpaceReclaimed: reclaimed };
}
