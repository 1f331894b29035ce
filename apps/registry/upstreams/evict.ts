import { eachOf } from '../content/each-of.ts';
import { dropRecord } from '../content/manifests.ts';
import { readRecord, recordDigests, tagsOf } from '../content/records.ts';
import { repositories } from '../content/repositories.ts';
import type { Store } from '../content/store.ts';
import type { ContentDigest } from '../digest.ts';
import { KEYS } from '../storage/keys.ts';
import type { KeepParts } from './keep-manifests.ts';

export interface EvictOptions {
  /** What was not used for so long goes. Milliseconds; undefined: no such bound. */
  unusedMs?: number | undefined;
  /** More than so many bytes of fetched content do not stay: what was used last stays longest. */
  maxBytes?: number | undefined;
  dryRun: boolean;
  signal?: AbortSignal | undefined;
}

/** What went, or would. Bytes are freed by the collection after it. */
export interface Evicted {
  dryRun: boolean;
  manifests: { repository: string; digest: ContentDigest }[];
}

/** A fetched manifest that nothing pushed leads to. */
interface Candidate {
  repository: string;
  digest: ContentDigest;
  /** Milliseconds since 1970. */
  used: number;
  children: readonly ContentDigest[];
  /** Its own bytes and those of its blobs. */
  contents: readonly ContentDigest[];
}

type Parts = Pick<KeepParts, 'store' | 'marks'>;

/**
 * Removes fetched manifests that nobody used for a while, or that are too many, with their tags. What was pushed is never
 * touched, and keeps what it leads to.
 */
export async function evict(parts: Parts, options: EvictOptions): Promise<Evicted> {
  const { unusedMs, maxBytes, dryRun, signal } = options;
  const evicted: Evicted = { dryRun, manifests: [] };
  const all: Candidate[] = [];
  for await (const repository of repositories(parts.store)) {
    signal?.throwIfAborted();
    all.push(...(await candidates(parts, repository)));
  }
  const going = new Set(unusedMs === undefined ? [] : unused(all, parts.store.now() - unusedMs));
  if (maxBytes !== undefined) {
    const staying = all.filter((candidate) => !going.has(candidate));
    for (const candidate of await beyond(parts.store, staying, maxBytes)) going.add(candidate);
  }
  for (const candidate of going) {
    signal?.throwIfAborted();
    const { repository, digest } = candidate;
    if (dryRun || (await remove(parts, candidate))) evicted.manifests.push({ repository, digest });
  }
  return evicted;
}

async function candidates({ store, marks }: Parts, repository: string): Promise<Candidate[]> {
  const found: Candidate[] = [];
  const pushedLeadTo = new Set<ContentDigest>();
  let any = false;
  for await (const _ of marks.manifests(repository)) {
    any = true;
    break;
  }
  if (!any) return [];
  for await (const digest of recordDigests(store, repository)) {
    const [used, record] = [await marks.lastUse(repository, digest), await readRecord(store, repository, digest)];
    if (!record) continue;
    if (used === undefined) for (const child of record.children) pushedLeadTo.add(child);
    else found.push({ repository, digest, used, children: record.children, contents: [digest, ...record.blobs] });
  }
  return found.filter(({ digest }) => !pushedLeadTo.has(digest));
}

/** Those not used since then, but for the parts of an index that was. */
function unused(all: readonly Candidate[], since: number): Candidate[] {
  const needed = new Set(
    all
      .filter(({ used }) => used >= since)
      .flatMap(({ repository, children }) => children.map((child) => `${repository} ${child}`)),
  );
  return all.filter(({ used, repository, digest }) => used < since && !needed.has(`${repository} ${digest}`));
}

/** Those used longest ago, as many as it takes for the rest to have at most so many bytes. */
async function beyond(store: Store, all: readonly Candidate[], maxBytes: number): Promise<Candidate[]> {
  const holders = new Map<ContentDigest, number>();
  for (const { contents } of all)
    for (const digest of new Set(contents)) holders.set(digest, (holders.get(digest) ?? 0) + 1);
  const sizes = new Map<ContentDigest, number>();
  await eachOf(holders.keys(), 16, async (digest) => {
    sizes.set(digest, (await store.driver.stat(KEYS.content(digest)))?.size ?? 0);
  });
  let total = 0;
  for (const size of sizes.values()) total += size;
  const going: Candidate[] = [];
  for (const candidate of [...all].sort((a, b) => a.used - b.used)) {
    if (total <= maxBytes) break;
    going.push(candidate);
    for (const digest of new Set(candidate.contents)) {
      const left = (holders.get(digest) ?? 0) - 1;
      holders.set(digest, left);
      if (left === 0) total -= sizes.get(digest) ?? 0;
    }
  }
  return going;
}

/** Resolves to false when it was used or pushed meanwhile. */
async function remove({ store, marks }: Parts, { repository, digest, used }: Candidate): Promise<boolean> {
  return store.repositories.exclusive(repository, async () => {
    const record = await readRecord(store, repository, digest);
    const usedNow = await marks.lastUse(repository, digest);
    if (!record || usedNow === undefined || usedNow > used) return false;
    for (const tag of await tagsOf(store, repository, digest)) {
      await store.driver.remove(KEYS.tag(repository, tag));
      await marks.forgetTag(repository, tag);
    }
    await dropRecord(store, repository, digest, record);
    await marks.forgetManifest(repository, digest);
    return true;
  });
}
