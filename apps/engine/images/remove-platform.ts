import { durablyEvenIfFull } from '../state/database.ts';
import type { ImageContext } from './context.ts';
import { deleteImage } from './delete.ts';
import { refuseConflicts, removeImage } from './remove.ts';
import { resolveForPlatform, resolveImage } from './resolve.ts';
import type { ImageRow } from './store.ts';
import type { RemovedItem } from './wire.ts';

/**
 * DELETE /images/{name}?platforms=…: takes these platforms of an image away; the image with the last of them. The names go
 * on to a platform that is left. Errors: not-found (also a platform that is not here; then nothing is removed); conflict.
 */
export async function removePlatforms(
  context: ImageContext,
  name: string,
  platforms: readonly string[],
  options: { force: boolean; noPrune: boolean },
): Promise<RemovedItem[]> {
  const { store } = context;
  const image = resolveImage(store, name);
  const found = platforms.map((platform) => resolveForPlatform(store, name, platform));
  const doomed = [...new Map(found.map((row) => [row.id, row])).values()];
  const members = store.members(image.id);
  if (doomed.length > members.length) return removeImage(context, name, options);
  for (const { id } of doomed) refuseConflicts(context, id, { force: options.force, referencesMatter: false });
  const left = members.filter(({ id }) => doomed.every((row) => row.id !== id));
  if (doomed.some(({ id }) => id === image.id)) promote(context, image, left);
  else durablyEvenIfFull(store.db, () => setMembers(context, image, left));
  const items: RemovedItem[] = [];
  for (const row of doomed) {
    // Somebody else's, or with a name of its own.
    const isWanted = store.ownersOf(row.id).length > 0 || store.references(row.id).length > 0;
    if (store.image(row.id) !== undefined && !isWanted) items.push(...(await deleteImage(context, row.id, true)));
  }
  return items;
}

/** Lets the first of those that are left take the place of the image: its names, its index. */
function promote(context: ImageContext, image: ImageRow, [next, ...others]: readonly ImageRow[]): void {
  const { store } = context;
  if (next === undefined) return;
  durablyEvenIfFull(store.db, () => {
    store.setIndex(next.id, image.index, image.index === '' ? [] : [image.index]);
    store.showImage(next.id);
    for (const reference of store.references(image.id)) store.putReference(reference, next.id);
    setMembers(context, image, []);
    setMembers(context, next, others);
  });
}

function setMembers({ store }: ImageContext, { id }: ImageRow, members: readonly ImageRow[]): void {
  store.setMembers(
    id,
    members.map((member) => member.id),
  );
}
