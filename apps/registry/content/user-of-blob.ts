import { type ContentDigest, isContentDigest } from '../digest.ts';
import { eachOf } from './each-of.ts';
import { readRecord, recordDigests } from './records.ts';
import type { Store } from './store.ts';

/** Manifests read at a time. */
const TOGETHER = 16;

/**
 * A manifest of the repository that points at this blob, if one does. The repository must be locked for this caller
 * alone.
 */
export async function userOfBlob(
  store: Store,
  repository: string,
  blob: ContentDigest,
): Promise<ContentDigest | undefined> {
  const candidates = await store.users.candidates(repository, blob, (tell) =>
    eachOf(recordDigests(store, repository), TOGETHER, async (digest) => {
      for (const needed of (await readRecord(store, repository, digest))?.blobs ?? []) tell(digest, needed);
    }),
  );
  for (const digest of candidates.filter(isContentDigest))
    if ((await readRecord(store, repository, digest))?.blobs.includes(blob)) return digest;
  return undefined;
}
