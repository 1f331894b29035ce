import { dropRecord } from '../content/manifests.ts';
import { readRecord, readTag, recordDigests, tagNames } from '../content/records.ts';
import { repositories } from '../content/repositories.ts';
import type { ContentDigest } from '../digest.ts';
import { KEYS } from '../storage/keys.ts';
import type { KeepParts } from './keep-manifests.ts';

/** What went, or would. Bytes are freed by the collection after it. */
export interface Evicted {
  dryRun: boolean;
  manifests: { repository: string; digest: ContentDigest }[];
}

/**
 * Removes fetched manifests that nobody used for a while, with their tags. What was pushed is never touched, and keeps
 * what it leads to: a manifest that an index of the repository points at goes with or after that index.
 */
export async function evict(
  { store, marks }: Pick<KeepParts, 'store' | 'marks'>,
  { unusedMs, dryRun, signal }: { unusedMs: number; dryRun: boolean; signal?: AbortSignal | undefined },
): Promise<Evicted> {
  const evicted: Evicted = { dryRun, manifests: [] };
  const oldest = store.now() - unusedMs;
  for await (const repository of repositories(store)) {
    signal?.throwIfAborted();
    const fetched: ContentDigest[] = [];
    for await (const digest of marks.manifests(repository)) fetched.push(digest);
    if (fetched.length === 0) continue;
    const stays = new Set<ContentDigest>();
    const old: ContentDigest[] = [];
    const keepChildren = async (digest: ContentDigest) => {
      for (const child of (await readRecord(store, repository, digest))?.children ?? []) stays.add(child);
    };
    for await (const digest of recordDigests(store, repository)) {
      const used = await marks.lastUse(repository, digest);
      if (used !== undefined && used < oldest) old.push(digest);
      else await keepChildren(digest);
    }
    for (const digest of old) {
      if (stays.has(digest)) continue;
      if (dryRun || (await remove({ store, marks }, repository, digest, oldest)))
        evicted.manifests.push({ repository, digest });
    }
  }
  return evicted;
}

/** Resolves to false when it was used or pushed meanwhile. */
async function remove(
  { store, marks }: Pick<KeepParts, 'store' | 'marks'>,
  repository: string,
  digest: ContentDigest,
  oldest: number,
): Promise<boolean> {
  return store.repositories.exclusive(repository, async () => {
    const record = await readRecord(store, repository, digest);
    const used = await marks.lastUse(repository, digest);
    if (!record || used === undefined || used >= oldest) return false;
    for (const tag of await tagNames(store, repository)) {
      if ((await readTag(store, repository, tag))?.digest !== digest) continue;
      await store.driver.remove(KEYS.tag(repository, tag));
      await marks.forgetTag(repository, tag);
    }
    await dropRecord(store, repository, digest, record);
    await marks.forgetManifest(repository, digest);
    return true;
  });
}
