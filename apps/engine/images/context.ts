import type { Digest } from '@berth/oci';
import type { Publish } from '../events/model.ts';
import type { ImageContent } from './content.ts';
import { type LeaseWithId, openLease } from './lease.ts';
import type { Image, ImageUsers } from './model.ts';
import { namesOf } from './names.ts';
import type { ContentLease } from './service.ts';
import type { ImageRow, ImageStore, LayerRow } from './store.ts';

/** What the verbs of images share. */
export interface ImageContext {
  store: ImageStore;
  content: ImageContent;
  users: () => ImageUsers;
  publish: Publish;
}

/** The image as other nouns see it. */
export function toImage(context: ImageContext, row: ImageRow): Image {
  const { tags, digests } = namesOf(context.store.references(row.id));
  const size = sizeOf(context, row.id);
  return { id: row.id, config: row.config, manifest: row.manifest, tags, digests, size, createdAt: row.created };
}

/** Sum of an image's unpacked layers in bytes. */
export function sizeOf({ store }: Pick<ImageContext, 'store'>, id: Digest): number {
  return store.layers(id).reduce((sum, layer) => sum + layer.size, 0);
}

/** Layers of an image and of its other platforms, each once. */
export function layersWithMembers({ store }: Pick<ImageContext, 'store'>, id: Digest): LayerRow[] {
  const own = store.layers(id);
  const members = store.members(id);
  if (members.length === 0) return own;
  const all = [...own, ...members.flatMap((member) => store.layers(member.id))];
  return [...new Map(all.map((layer) => [layer.diffId, layer])).values()];
}

/** The image that this one was made of here, as long as there is such an image; '' for others. */
export function visibleParent({ store }: ImageContext, { parent }: ImageRow): string {
  return parent !== '' && store.image(parent)?.removed === false ? parent : '';
}

/** A lease that answers with whole images. */
export function leaseOf(context: ImageContext): ContentLease & Pick<LeaseWithId, 'holdEverything'> {
  const lease = openLease(context.content, context.store);
  return {
    ...lease,
    addImage: async (request) => toImage(context, context.store.image(await lease.addImage(request))!),
  };
}

/** Tells listeners, with the image's labels, as Docker does. */
export function announce({ publish, store }: ImageContext, action: string, id: string, name: string): void {
  const labels = id.startsWith('sha256:') ? store.image(id as Image['id'])?.config.config?.Labels : undefined;
  publish('image', action, id, { ...labels, name });
}
