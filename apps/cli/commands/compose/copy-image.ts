import { type Descriptor, fetchManifest, parseManifest, putManifest, type Reference } from '@berth/oci';
import { copyManifest, type Place } from '../manifest/copy-manifest.ts';

export interface ImagePlace extends Place {
  reference: Reference;
}

/**
 * Brings an image from one repository to another, under its digest: all platforms of it, with their content. The registry
 * lends blobs that it has. Resolves to the image's descriptor. Errors: as `fetchManifest`, `uploadBlob`.
 */
export async function copyImage(from: ImagePlace, to: Place): Promise<Descriptor> {
  const { path, digest: wished, tag = 'latest' } = from.reference;
  const { bytes, digest, mediaType } = await fetchManifest(from.session, path, wished ?? tag);
  const document = parseManifest(bytes, mediaType);
  if (document.kind === 'manifest') {
    const { manifest } = document;
    await copyManifest(from, to, { manifest, digest, bytes });
    return { mediaType: manifest.mediaType, digest, size: bytes.length };
  }
  const { index } = document;
  for (const { digest: part } of index.manifests)
    await copyImage({ ...from, reference: { ...from.reference, digest: part } }, to);
  await putManifest(to.session, to.reference.path, digest, { mediaType: index.mediaType, bytes });
  return { mediaType: index.mediaType, digest, size: bytes.length };
}
