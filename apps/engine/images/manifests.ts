import type { Digest } from '@berth/oci';
import type { ImageContext } from './context.ts';
import type { ManifestSummary } from './wire.ts';

/**
 * Adds `Manifests` to images of a list or an inspection (`manifests=1`). An image here has one platform and so one
 * manifest; its content is what the blob store holds for it, its unpacked size that of its layers.
 */
export function withManifests<T extends { Id: string; Size: number }>(
  context: ImageContext,
  images: readonly T[],
): Promise<(T & { Manifests: ManifestSummary[] })[]> {
  return Promise.all(images.map(async (image) => ({ ...image, Manifests: await manifestsOf(context, image) })));
}

async function manifestsOf(
  { store, content, users }: ImageContext,
  image: { Id: string; Size: number },
): Promise<ManifestSummary[]> {
  const row = store.image(image.Id as Digest);
  if (!row) return []; // removed meanwhile
  const sizes = await Promise.all(store.blobs(row.id).map((digest) => content.blobs.stat(digest)));
  const own = await content.blobs.stat(row.manifest);
  const { architecture, os, variant } = row.config;
  const platform = { architecture, os, ...(variant !== undefined && { variant }) };
  const stored = sizes.reduce((sum, blob) => sum + (blob?.size ?? 0), 0);
  const containers = users().containersOf(row.id);
  return [
    {
      ID: row.manifest,
      Descriptor: { mediaType: row.manifestType, digest: row.manifest, size: own?.size ?? 0, platform },
      Available: sizes.every((blob) => blob !== undefined),
      Size: { Content: stored, Total: stored + image.Size },
      Kind: 'image',
      ImageData: {
        Platform: platform,
        Containers: containers.map(({ id }) => id),
        Size: { Unpacked: image.Size },
      },
    },
  ];
}
