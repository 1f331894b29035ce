import { Readable } from 'node:stream';
import {
  type Descriptor,
  fetchManifest,
  parseManifest,
  putManifest,
  type Reference,
  type RegistrySession,
  readBlob,
  uploadBlob,
} from '@berth/oci';

/** A repository, and the conversation with its registry. */
export interface Place {
  session: RegistrySession;
  reference: Reference;
}

/**
 * Brings an image from one repository to another, under its digest: all platforms of it, with their content. The registry
 * lends blobs that it has. Resolves to the image's descriptor. Errors: as `fetchManifest`, `uploadBlob`.
 */
export async function copyImage(from: Place, to: Place): Promise<Descriptor> {
  const { path, digest: wished, tag = 'latest' } = from.reference;
  const { bytes, digest, mediaType } = await fetchManifest(from.session, path, wished ?? tag);
  const document = parseManifest(bytes, mediaType);
  if (document.kind === 'index')
    for (const { digest: part } of document.index.manifests)
      await copyImage({ ...from, reference: { ...from.reference, digest: part } }, to);
  else
    for (const blob of [document.manifest.config, ...document.manifest.layers]) {
      // Foreign layers are nowhere but at their addresses.
      if (blob.urls !== undefined && blob.urls.length > 0) continue;
      await uploadBlob(to.session, to.reference.path, {
        digest: blob.digest,
        size: blob.size,
        open: () => Readable.from(readBlob(from.session, path, blob)),
        ...(from.reference.domain === to.reference.domain && { mountFrom: [path] }),
      });
    }
  const type = document.kind === 'index' ? document.index.mediaType : document.manifest.mediaType;
  await putManifest(to.session, to.reference.path, digest, { mediaType: type, bytes });
  return { mediaType: type, digest, size: bytes.length };
}
