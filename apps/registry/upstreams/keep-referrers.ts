import { isDigest, isObject, MANIFEST_LIMIT, type RegistrySession } from '@berth/oci';
import type { ContentDigest } from '../digest.ts';
import type { ManifestReference } from '../names.ts';
import { createOnce, type KeepParts, type Place } from './keep-manifests.ts';
import { Recent } from './recent.ts';
import { failureOf } from './upstream-error.ts';

/** More signatures and the like of one manifest are not fetched. */
const REFERRERS_MAX = 100;
const FRESH_MAX = 10_000;
/** An upstream that fails is left alone for so long. Milliseconds. */
const RESPITE = 30_000;

/**
 * Makes the store have the manifests that an upstream knows to be about this one (signatures, SBOMs): they are then
 * listed as those that were pushed here. An upstream that fails, or knows nothing of referrers, adds none.
 */
export function keepReferrers(
  { log }: Pick<KeepParts, 'log'>,
  ensureManifest: (place: Place, reference: ManifestReference) => Promise<void>,
): (place: Place, subject: ContentDigest) => Promise<void> {
  const fresh = new Recent(FRESH_MAX);
  const once = createOnce();
  return async (place, subject) => {
    const { repository, upstream, remote } = place;
    const key = `${repository} ${subject}`;
    if (!isDigest(subject) || fresh.has(key)) return;
    await once(key, async () => {
      try {
        const found = await upstream.ask((session) => ask(session, remote, subject));
        if (found.length > REFERRERS_MAX)
          log.warn('an upstream has too many referrers', { upstream: upstream.name, repository, subject });
        for (const digest of found.slice(0, REFERRERS_MAX)) await ensureManifest(place, { digest });
        fresh.note(key, upstream.ttl);
      } catch (error) {
        if (failureOf(error).kind !== 'missing')
          log.warn('an upstream gave no referrers', { upstream: upstream.name, repository, subject, error });
        fresh.note(key, RESPITE);
      }
    });
  };
}

async function ask(session: RegistrySession, remote: string, subject: string): Promise<ContentDigest[]> {
  const { body, status } = await session.request({
    method: 'GET',
    at: `/v2/${remote}/referrers/${subject}`,
    scopes: [`repository:${remote}:pull`],
    expect: [200, 404],
    notFound: 'NAME_UNKNOWN',
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > MANIFEST_LIMIT) throw new Error('the list of referrers is too long');
    chunks.push(chunk);
  }
  if (status === 404) return [];
  const index: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const manifests = isObject(index) && Array.isArray(index['manifests']) ? index['manifests'] : [];
  return manifests.flatMap((entry) => (isObject(entry) && isDigest(entry['digest']) ? [entry['digest']] : []));
}
