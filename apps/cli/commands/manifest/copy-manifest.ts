import { Readable } from 'node:stream';
import {
  type Digest,
  type Manifest,
  putManifest,
  type Reference,
  type RegistrySession,
  readBlob,
  uploadBlob,
} from '@berth/oci';

/** A repository, and the conversation with its registry. */
export interface Place {
  session: RegistrySession;
  reference: Pick<Reference, 'domain' | 'path'>;
}

/**
 * Brings a manifest and its blobs from one repository to another, under its digest: blobs that the registry does not lend
 * are copied. Errors: as `uploadBlob`, `putManifest`.
 */
export async function copyManifest(
  from: Place,
  to: Place,
  { manifest, digest, bytes }: { manifest: Manifest; digest: Digest; bytes: Uint8Array },
): Promise<void> {
  for (const blob of [manifest.config, ...manifest.layers]) {
    // Foreign layers are nowhere but at their addresses.
    if (blob.urls !== undefined && blob.urls.length > 0) continue;
    await uploadBlob(to.session, to.reference.path, {
      digest: blob.digest,
      size: blob.size,
      open: () => Readable.from(readBlob(from.session, from.reference.path, blob)),
      ...(from.reference.domain === to.reference.domain && { mountFrom: [from.reference.path] }),
    });
  }
  await putManifest(to.session, to.reference.path, digest, { mediaType: manifest.mediaType, bytes });
}
