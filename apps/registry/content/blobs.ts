import type { ContentDigest } from '../digest.ts';
import type { Stage } from '../storage/driver.ts';
import { KEYS } from '../storage/keys.ts';
import type { Store } from './store.ts';
import { userOfBlob } from './user-of-blob.ts';

/** Size in bytes of a blob of this repository, or undefined when the repository does not have it. */
export async function findBlob(store: Store, repository: string, digest: ContentDigest): Promise<number | undefined> {
  const { driver } = store;
  const [link, content] = await Promise.all([
    driver.stat(KEYS.link(repository, digest)),
    driver.stat(KEYS.content(digest)),
  ]);
  return link && content?.size;
}

/**
 * As `findBlob`, for somebody who will point at the blob next: it stays for a time of grace, also when nothing else
 * points at it.
 */
export async function claimBlob(store: Store, repository: string, digest: ContentDigest): Promise<number | undefined> {
  const link = await store.driver.stat(KEYS.link(repository, digest));
  if (!link) return undefined;
  return linkBlob(store, repository, digest, { renew: true });
}

/**
 * Gives the repository a blob whose bytes are here. Resolves to its size; undefined when they are not here, or, with
 * `renew`, when the repository does not have it any more.
 */
export function linkBlob(
  store: Store,
  repository: string,
  digest: ContentDigest,
  { renew = false } = {},
): Promise<number | undefined> {
  return store.repositories.shared(repository, () =>
    store.contents.run(digest, async () => {
      const content = await store.driver.stat(KEYS.content(digest));
      if (!content) return undefined;
      return (await writeLink(store, repository, digest, renew)) ? content.size : undefined;
    }),
  );
}

/** Makes verified bytes a blob of the repository. */
export function addBlob(store: Store, repository: string, digest: ContentDigest, stage: Stage): Promise<void> {
  return store.repositories.shared(repository, () =>
    store.contents.run(digest, async () => {
      // Equal bytes that are here already are as good, and need no flush.
      if (await store.driver.stat(KEYS.content(digest))) await stage.discard();
      else await stage.promote(KEYS.content(digest));
      await writeLink(store, repository, digest, false);
    }),
  );
}

/**
 * Takes a blob from the repository; its bytes go with the next collection when nobody else has them. One that a manifest
 * of the repository points at stays: resolves to that manifest then.
 */
export function unlinkBlob(
  store: Store,
  repository: string,
  digest: ContentDigest,
): Promise<{ usedBy: ContentDigest | undefined }> {
  return store.repositories.exclusive(repository, async () => {
    const usedBy = await userOfBlob(store, repository, digest);
    if (usedBy === undefined) {
      store.users.forget(repository, digest);
      await store.driver.remove(KEYS.link(repository, digest));
    }
    return { usedBy };
  });
}

/** A link's time of writing is when the blob was last wanted, give or take half the time of grace. */
async function writeLink(store: Store, repository: string, digest: ContentDigest, renew: boolean): Promise<boolean> {
  const key = KEYS.link(repository, digest);
  const present = await store.driver.stat(key);
  if (renew && !present) return false;
  if (!present || store.now() - present.modified > store.graceMs / 2) {
    try {
      await store.driver.write(key, EMPTY);
    } catch (error) {
      if (!present) throw error;
      // On a full disk it cannot be renewed, but it is there.
    }
  }
  // Noted when it is written: whoever began to look before that did not see it.
  store.uses.note(repository, digest);
  store.uses.note('', digest);
  return true;
}

const EMPTY = new Uint8Array();
