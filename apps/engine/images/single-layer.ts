import { digestOf, OCI, type Reference } from '@berth/oci';
import { buildManifest } from './build-manifest.ts';
import { type ImageContext, leaseOf } from './context.ts';
import type { Image, ImageConfig } from './model.ts';

/** Makes an image of one uncompressed layer archive and a configuration. Errors: invalid (archive). */
export async function addSingleLayerImage(
  context: ImageContext,
  archive: AsyncIterable<Uint8Array> | Uint8Array,
  config: Omit<ImageConfig, 'rootfs'>,
  references: Reference[],
): Promise<Image> {
  await using lease = leaseOf(context);
  lease.holdEverything();
  const { digest, size } = await context.content.blobs.put(archive);
  await lease.unpack({ diffId: digest, compression: 'none', source: { blob: digest }, size });
  const configBytes = Buffer.from(JSON.stringify({ ...config, rootfs: { type: 'layers', diff_ids: [digest] } }));
  const manifestBytes = buildManifest({ digest: digestOf(configBytes), size: configBytes.length }, [
    { digest, size, compression: 'none' },
  ]);
  return await lease.addImage({ configBytes, manifestBytes, manifestMediaType: OCI.manifest, references });
}
