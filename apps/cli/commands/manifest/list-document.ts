import { BerthError } from '@berth/kit';
import { type Descriptor, DOCKER, OCI, type Reference } from '@berth/oci';
import type { KnownManifest } from './local-lists.ts';

/** A manifest list or index, as it is shown and pushed. */
export interface ListDocument {
  mediaType: string;
  bytes: Buffer;
}

/**
 * Puts a list together; it is an OCI index when its first manifest is OCI's. All must be of the list's registry. Errors:
 * invalid.
 */
export function listDocument(list: Reference, manifests: readonly KnownManifest[]): ListDocument {
  const isOci = manifests[0]?.descriptor.mediaType === OCI.manifest;
  const mediaType = isOci ? OCI.index : DOCKER.index;
  const entries = manifests.map(({ reference, descriptor }) => {
    if (reference.domain !== list.domain) {
      throw new BerthError(
        'invalid',
        `cannot use source images from a different registry than the target image: ${reference.domain} != ${list.domain}`,
      );
    }
    return entryOf(descriptor);
  });
  return { mediaType, bytes: Buffer.from(goJson({ schemaVersion: 2, mediaType, manifests: entries }, 3)) };
}

/** Docker's order of members: it is part of the digest. */
function entryOf({ mediaType, size, digest, platform }: Descriptor): object {
  return { mediaType, size, digest, platform: platform ?? { architecture: '', os: '' } };
}

/** JSON as Go indents it. */
export function goJson(value: unknown, indent: string | number): string {
  return JSON.stringify(value, null, indent).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
