import { type Descriptor, type Digest, MANIFEST_LIMIT, parseManifest } from '@berth/oci';
import type { ImageContext } from './context.ts';

/** An index that is here with all that it names. */
export interface WholeIndex {
  descriptor: Descriptor;
  bytes: Buffer;
  manifests: { descriptor: Descriptor; bytes: Buffer; blobs: Descriptor[] }[];
}

/** That of an image of several platforms; undefined when it has none, or something of it is not here. */
export async function wholeIndexOf({ store, content }: ImageContext, id: Digest): Promise<WholeIndex | undefined> {
  const row = store.image(id);
  if (row === undefined || row.index === '' || store.members(id).length === 0) return undefined;
  const { blobs } = content;
  const bytes = await blobs.readAll(row.index, MANIFEST_LIMIT);
  const document = parseManifest(bytes, undefined);
  if (document.kind !== 'index') return undefined;
  const manifests: WholeIndex['manifests'] = [];
  for (const descriptor of document.index.manifests) {
    if (!(await blobs.has(descriptor.digest))) return undefined;
    const own = await blobs.readAll(descriptor.digest, MANIFEST_LIMIT);
    const named = parseManifest(own, descriptor.mediaType);
    if (named.kind !== 'manifest') return undefined;
    const below = [named.manifest.config, ...named.manifest.layers];
    for (const { digest } of below) if (!(await blobs.has(digest))) return undefined;
    manifests.push({ descriptor, bytes: own, blobs: below });
  }
  return {
    descriptor: { mediaType: document.index.mediaType, digest: row.index, size: bytes.length },
    bytes,
    manifests,
  };
}
