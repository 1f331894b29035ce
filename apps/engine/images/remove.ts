import { BerthError } from '@berth/kit';
import { canonicalName, type Digest, familiarString, parseReference, type Reference, withDefaultTag } from '@berth/oci';
import { durablyEvenIfFull } from '../state/database.ts';
import { announce, type ImageContext } from './context.ts';
import { deleteImage, isWanted } from './delete.ts';
import type { ImageUsers } from './model.ts';
import { shortId } from './names.ts';
import { isIdPrefix, resolveImage } from './resolve.ts';
import type { RemovedItem } from './wire.ts';

/**
 * DELETE /images/{name}. By name: takes the name away, and the image with it when that was the last one. By id: takes
 * all names away when they are of one repository. With an image go the images that it was made of, as long as nothing
 * else needs them, unless `noPrune`. Errors: not-found; conflict with Docker's wording.
 */
export async function removeImage(
  context: ImageContext,
  name: string,
  { force, noPrune }: { force: boolean; noPrune: boolean },
): Promise<RemovedItem[]> {
  const { store } = context;
  const { id } = resolveImage(store, name);
  const references = store.references(id);
  const items: RemovedItem[] = [];
  if (isIdPrefix(id, name)) {
    if (isOneRepository(references)) refuseConflicts(context, id, { force, referencesMatter: false });
    else refuseConflicts(context, id, { force, referencesMatter: true });
    untag(context, id, references, items);
    return [...items, ...(await deleteImage(context, id, noPrune))];
  }
  const user = force || !isOneRepository(references) ? undefined : usersOf(context, id)[0];
  if (user) {
    throw new BerthError(
      'conflict',
      `conflict: unable to remove repository reference "${name}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(id)}`,
      { hint: `Remove the container first (berth rm ${user.name}), or use --force.` },
    );
  }
  const reference = withDefaultTag(parseReference(name));
  untag(context, id, [reference.digest === undefined ? reference : withoutTag(reference)], items);
  if (reference.digest === undefined) untag(context, id, orphanedDigests(store.references(id), reference), items);
  if (store.references(id).length > 0) return items;
  // A running container, or a stopped one without force, keeps the image; the name is gone all the same.
  const users = usersOf(context, id);
  if (users.some((container) => container.running) || (users.length > 0 && !force)) return items;
  return [...items, ...(await deleteImage(context, id, noPrune))];
}

function withoutTag({ domain, path, digest }: Reference): Reference {
  return { domain, path, ...(digest === undefined ? {} : { digest }) };
}

/** With the last tag of a repository go the digests that are known of it there. */
function orphanedDigests(left: readonly Reference[], removed: Reference): Reference[] {
  const same = left.filter((reference) => canonicalName(reference) === canonicalName(removed));
  return same.some((reference) => reference.digest === undefined) ? [] : same;
}

/** One tag at most, and all digests of its repository: taking the image away surprises nobody. */
function isOneRepository(references: readonly Reference[]): boolean {
  if (references.length <= 1) return true;
  const tags = references.filter((reference) => reference.digest === undefined);
  const digestNames = new Set(references.filter((r) => r.digest !== undefined).map(canonicalName));
  const single = tags[0] ?? references[0]!;
  return tags.length <= 1 && digestNames.size === 1 && digestNames.has(canonicalName(single));
}

export function refuseConflicts(
  context: ImageContext,
  id: Digest,
  { force, referencesMatter }: { force: boolean; referencesMatter: boolean },
): void {
  const refuse = (how: string, why: string, hint: string) => {
    throw new BerthError('conflict', `conflict: unable to delete ${shortId(id)} (${how}) - ${why}`, { hint });
  };
  const containers = usersOf(context, id);
  const running = containers.find((container) => container.running);
  if (running) {
    refuse(
      'cannot be forced',
      `image is being used by running container ${shortId(running.id)}`,
      `Stop and remove it first: berth rm -f ${running.name}`,
    );
  }
  if (force) return;
  if (referencesMatter) {
    refuse(
      'must be forced',
      'image is referenced in multiple repositories',
      'Remove its names one by one, or use --force.',
    );
  }
  const stopped = containers[0];
  if (stopped) {
    refuse(
      'must be forced',
      `image is being used by stopped container ${shortId(stopped.id)}`,
      `Remove it first: berth rm ${stopped.name}`,
    );
  }
}

/** Containers of an image, or of one of its other platforms that nobody else has. */
export function usersOf({ store, users }: ImageContext, id: Digest): ReturnType<ImageUsers['containersOf']> {
  const going = store.members(id).filter((member) => member.memberOnly && store.ownersOf(member.id).length === 1);
  return [id, ...going.map((member) => member.id)].flatMap((one) => users().containersOf(one));
}

function untag(context: ImageContext, id: Digest, references: readonly Reference[], items: RemovedItem[]): void {
  if (references.length === 0) return;
  durablyEvenIfFull(context.store.db, () => {
    for (const reference of references) context.store.removeReference(reference);
  });
  for (const reference of references) {
    items.push({ Untagged: familiarString(reference) });
    announce(context, 'untag', id, id);
  }
}

/** Removes images that a user removed while containers stood on them, and that no container needs now. */
export async function forgetRemoved(context: ImageContext): Promise<void> {
  const { store, content } = context;
  for (const id of store.removedImages()) {
    if (isWanted(context, id)) continue;
    const diffIds = store.layers(id).map((layer) => layer.diffId);
    const blobs = store.blobs(id);
    durablyEvenIfFull(store.db, () => store.removeImage(id));
    await content.collect(blobs, diffIds);
  }
}
