import { BerthError } from '@berth/kit';
import type { Digest } from '@berth/oci';
import type { ImageContext } from './context.ts';

/**
 * Directories for overlayfs `lowerdir`, topmost first; an empty one for an image without layers. Also of images that
 * were removed while a container stood on them. Errors: not-found.
 */
export function layerDirectories({ store, content }: ImageContext, id: Digest): string[] {
  if (store.image(id) === undefined) throw new BerthError('not-found', `No such image: ${id}`);
  const directories: string[] = [];
  for (const layer of store.layers(id).reverse()) {
    const path = content.pathOf(layer);
    // The same layer twice: overlayfs refuses it, and the lower one is hidden by the upper one in full.
    if (!directories.includes(path)) directories.push(path);
    if (layer.opaqueRoot) break;
  }
  return directories.length > 0 ? directories : [content.emptyPath()];
}
