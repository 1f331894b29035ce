import { createHash } from 'node:crypto';
import type { Digest } from '@berth/oci';
import { durablyEvenIfFull } from '../state/database.ts';
import { announce, type ImageContext } from './context.ts';
import type { RemovedItem } from './wire.ts';

/** An image that lost its rows, or its place among those that are seen; its content is still here. */
export interface Taken {
  id: Digest;
  blobs: Digest[];
  /** Lowest first. */
  diffIds: Digest[];
  /** A container or another image still needs it. */
  keepsContent: boolean;
}

/**
 * Takes an image away that has no names any more, with its other platforms, and the images that it was made of as long as
 * nothing else needs them, unless `noPrune`.
 */
export async function deleteImage(context: ImageContext, id: Digest, noPrune: boolean): Promise<RemovedItem[]> {
  const taken = durablyEvenIfFull(context.store.db, () => takeAway(context, id, noPrune));
  return freeContent(context, taken);
}

/**
 * The rows of `deleteImage`, in the caller's transaction. While a stopped container stands on an image, its content stays
 * until `forgetRemoved`; while it is a platform of another image, until that goes.
 */
export function takeAway(context: ImageContext, id: Digest, noPrune: boolean): Taken[] {
  const { store } = context;
  const parent = store.image(id)?.parent ?? '';
  const taken = takeWithMembers(context, id);
  // Docker's pruning of parents: up to the first that has a name, a container or another child. One that was removed by
  // name before is hidden, and goes when its container does.
  if (noPrune || parent === '' || store.image(parent)?.removed !== false || isNeeded(context, parent)) return taken;
  return [...taken, ...takeAway(context, parent, noPrune)];
}

function takeWithMembers(context: ImageContext, id: Digest): Taken[] {
  const { store } = context;
  const members = store.members(id);
  const isMember = store.ownersOf(id).length > 0;
  const keepsContent = isMember || isWanted(context, id);
  const taken = { id, blobs: store.blobs(id), diffIds: store.layers(id).map((layer) => layer.diffId), keepsContent };
  announce(context, 'delete', id, id);
  store.setMembers(id, []);
  if (keepsContent) store.hideImage(id, isMember ? 'member' : 'removed');
  else store.removeImage(id);
  // Not those that are seen by themselves, or wanted by another image.
  const lost = members.filter((member) => member.memberOnly && store.ownersOf(member.id).length === 0);
  return [taken, ...lost.flatMap((member) => takeWithMembers(context, member.id))];
}

/** Removes what nobody needs any more of the content; gives what Docker says of it. */
export async function freeContent(context: ImageContext, taken: readonly Taken[]): Promise<RemovedItem[]> {
  const { content } = context;
  const free = taken.filter(({ keepsContent }) => !keepsContent);
  await content.collect(
    free.flatMap(({ blobs }) => blobs),
    free.flatMap(({ diffIds }) => diffIds),
  );
  // A layer that several of them had is told of once.
  const told = new Set<string>();
  return taken.flatMap(({ id, diffIds }): RemovedItem[] => {
    const gone = chainIds(diffIds).filter((chain, n) => content.layer(diffIds[n]!) === undefined && !told.has(chain));
    for (const chain of gone) told.add(chain);
    return [{ Deleted: id }, ...gone.reverse().map((Deleted) => ({ Deleted }))];
  });
}

/** A container stands on the image, or the build cache wants its content. */
export function isWanted({ users }: ImageContext, id: Digest): boolean {
  return users().containersOf(id).length > 0 || users().isCached?.(id) === true;
}

function isNeeded({ store, users }: ImageContext, id: Digest): boolean {
  return store.references(id).length > 0 || store.hasChildren(id) || users().containersOf(id).length > 0;
}

/** Names of layer stacks, lowest first (image-spec config.md, "Layer ChainID"). */
function chainIds(diffIds: readonly Digest[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(
      below === undefined ? diffId : `sha256:${createHash('sha256').update(`${below} ${diffId}`).digest('hex')}`,
    );
  }
  return chain;
}
