import { BerthError } from '@berth/kit';
import { layerCompression, MANIFEST_LIMIT, parseManifest } from '@berth/oci';
import type { LayerBlob } from './build-manifest.ts';
import type { ImageContext } from './context.ts';
import type { Image } from './model.ts';

/** The layer archives of an image as they stand in the blob store. */
export async function layersOf({ store, content }: ImageContext, id: Image['id']): Promise<LayerBlob[]> {
  const row = store.image(id)!;
  const document = parseManifest(await content.blobs.readAll(row.manifest, MANIFEST_LIMIT), row.manifestType);
  if (document.kind !== 'manifest') throw new BerthError('internal', `the manifest of image ${id} is an index`);
  return document.manifest.layers.map(({ digest, size, mediaType }) => {
    const compression = layerCompression(mediaType);
    if (compression === undefined) throw new BerthError('invalid', `a layer of image ${id} is of type ${mediaType}`);
    return { digest, size, compression };
  });
}
