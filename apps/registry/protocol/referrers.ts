import { MANIFEST_LIMIT } from '@berth/oci';
import { type ReferrerDescriptor, referrersOf } from '../content/referrers.ts';
import { type ContentDigest, isContentDigest } from '../digest.ts';
import type { Exchange } from '../http/exchange.ts';
import { sendJson } from '../http/send.ts';
import type { ApiContext } from './context.ts';
import { nextLink } from './page.ts';

/** An answer is an index, and no index may be longer. */
const BYTES_MAX = MANIFEST_LIMIT - 1024;

/**
 * The manifests that name this one as their subject, as an index; an empty one also when nothing is known of it or the
 * repository, as the specification wants it. What does not fit one answer is behind its `Link`.
 */
export function listReferrers({ store }: ApiContext, name: string, digest: ContentDigest) {
  return async ({ answer, query }: Exchange): Promise<void> => {
    const artifactType = query.get('artifactType') ?? '';
    const last = query.get('last') ?? '';
    const manifests: ReferrerDescriptor[] = [];
    let bytes = 0;
    let more = false;
    for await (const one of referrersOf(store, name, digest, isContentDigest(last) ? last : '')) {
      if (artifactType !== '' && one.artifactType !== artifactType) continue;
      bytes += JSON.stringify(one).length * 3; // a code unit is at most 3 bytes
      more = bytes > BYTES_MAX && manifests.length > 0;
      if (more) break;
      manifests.push(one);
    }
    const filter: Record<string, string> = artifactType === '' ? {} : { artifactType };
    sendJson(
      answer,
      200,
      { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests },
      {
        'content-type': 'application/vnd.oci.image.index.v1+json',
        ...(artifactType === '' ? {} : { 'oci-filters-applied': 'artifactType' }),
        ...(more
          ? { link: nextLink(`/v2/${name}/referrers/${digest}`, { ...filter, last: manifests.at(-1)?.digest ?? '' }) }
          : {}),
      },
    );
  };
}
