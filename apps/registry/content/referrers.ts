import type { ContentDigest } from '../digest.ts';
import { KEYS, unflat } from '../storage/keys.ts';
import type { ManifestFacts } from './manifest-facts.ts';
import type { Store } from './store.ts';

/** An entry of the referrers API: a manifest whose subject was asked about. */
export interface ReferrerDescriptor {
  mediaType: string;
  digest: ContentDigest;
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
}

/** A descriptor has the annotations of its manifest. */
const LIMIT = 5 * 1024 * 1024;

export async function addReferrer(
  store: Store,
  repository: string,
  digest: ContentDigest,
  size: number,
  { subject, mediaType, artifactType, annotations }: ManifestFacts,
): Promise<void> {
  if (subject === undefined) return;
  const descriptor: ReferrerDescriptor = {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  await store.driver.write(KEYS.referrer(repository, subject, digest), Buffer.from(JSON.stringify(descriptor)));
}

export function removeReferrer(store: Store, repository: string, subject: ContentDigest, digest: ContentDigest) {
  return store.driver.remove(KEYS.referrer(repository, subject, digest));
}

/**
 * The manifests of the repository that name this one as their subject, in the order of their digests, from the one after
 * `last`. Whoever takes them reads no more than he needs.
 */
export async function* referrersOf(
  store: Store,
  repository: string,
  subject: ContentDigest,
  last: string,
): AsyncGenerator<ReferrerDescriptor> {
  for await (const name of store.driver.children(KEYS.referrers(repository, subject))) {
    const digest = unflat(name);
    if (digest === undefined || digest <= last) continue;
    const [bytes, record] = await Promise.all([
      store.driver.read(KEYS.referrer(repository, subject, digest), LIMIT),
      store.driver.stat(KEYS.record(repository, digest)),
    ]);
    // An entry comes before its manifest and goes after it.
    if (bytes && record) yield JSON.parse(bytes.toString()) as ReferrerDescriptor;
  }
}
