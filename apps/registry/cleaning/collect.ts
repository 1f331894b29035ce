import { eachOf } from '../content/each-of.ts';
import { readRecord, recordDigests } from '../content/records.ts';
import { repositories } from '../content/repositories.ts';
import type { Store } from '../content/store.ts';
import type { Uploads } from '../content/uploads.ts';
import type { Watch } from '../content/uses.ts';
import { type ContentDigest, isContentDigest } from '../digest.ts';
import { KEYS, unflat } from '../storage/keys.ts';

export interface CollectOptions {
  /** What became unused or was written less than this long ago stays. Milliseconds; 0: everything unused goes. */
  graceMs: number;
  /** Uploads that nothing was added to for so long go. Milliseconds. */
  uploadMs: number;
  /** Says what would go; nothing is changed. */
  dryRun: boolean;
  /** Ends it early, between two objects; what is done is done. */
  signal?: AbortSignal | undefined;
}

export interface Collected {
  dryRun: boolean;
  repositories: number;
  manifests: number;
  /** Blobs taken from repositories none of whose manifests points at them. */
  unlinked: number;
  /** Contents of blobs and manifests that no repository has. */
  removed: number;
  /** Uploads that were given up. */
  uploads: number;
  /** Bytes of what was removed, uploads too. */
  bytes: number;
  milliseconds: number;
}

/** Objects looked at, at a time. */
const TOGETHER = 16;

interface Run extends CollectOptions {
  store: Store;
  watch: Watch;
  /** Objects written after this stay. Milliseconds since 1970. */
  cutoff: number;
  /** Whether somebody is pushing to this repository: its manifest may come long after its first blob. */
  isPushedTo: (repository: string) => boolean;
  /** As `cutoff`, for such a repository. */
  pushCutoff: number;
  /** Contents that some repository has. */
  live: Set<ContentDigest>;
  collected: Collected;
}

/**
 * Removes what nothing points at, while the registry serves: blobs from repositories whose manifests do not need them,
 * then contents that no repository has, then forgotten uploads. First it looks without holding anyone up, then it takes
 * each candidate under lock, if it was not used since the look began. Manifests without tags stay: they may be pulled by
 * digest (`applyRetention` removes them).
 */
export async function collect(store: Store, uploads: Uploads, options: CollectOptions): Promise<Collected> {
  const { graceMs, uploadMs, dryRun } = options;
  const start = performance.now();
  const watch = store.uses.watch();
  const collected: Collected = { dryRun, ...ZERO };
  const run: Run = {
    ...{ ...options, store, watch, collected },
    cutoff: graceMs === 0 ? Number.POSITIVE_INFINITY : store.now() - graceMs,
    pushCutoff: graceMs === 0 ? Number.POSITIVE_INFINITY : store.now() - Math.max(graceMs, uploadMs),
    isPushedTo: await uploads.movingSince(store.now() - graceMs),
    live: new Set(),
  };
  try {
    for await (const repository of repositories(store)) await sweepRepository(run, repository);
    await sweepContents(run);
    const gone = await uploads.expire(uploadMs === 0 ? Number.POSITIVE_INFINITY : store.now() - uploadMs, dryRun);
    collected.uploads = gone.uploads;
    collected.bytes += gone.bytes;
    collected.milliseconds = Math.round(performance.now() - start);
    return collected;
  } finally {
    watch.end();
  }
}

const ZERO = { repositories: 0, manifests: 0, unlinked: 0, removed: 0, uploads: 0, bytes: 0, milliseconds: 0 };

/** Finds what the repository has, and takes from it the blobs that its manifests do not need. */
async function sweepRepository(run: Run, repository: string): Promise<void> {
  const { store, live, collected } = run;
  collected.repositories++;
  const needed = new Set<ContentDigest>();
  await eachOf(recordDigests(store, repository), TOGETHER, async (digest) => {
    run.signal?.throwIfAborted();
    const record = await readRecord(store, repository, digest);
    if (!record) return;
    collected.manifests++;
    live.add(digest);
    for (const blob of record.blobs) needed.add(blob);
  });
  await eachOf(store.driver.children(KEYS.links(repository)), TOGETHER, async (name) => {
    const digest = unflat(name);
    if (digest === undefined) return;
    run.signal?.throwIfAborted();
    if (needed.has(digest) || !(await unlinkUnused(run, repository, digest))) live.add(digest);
    else collected.unlinked++;
  });
  await sweepReferrers(run, repository);
}

/** Resolves to false when the blob stays. */
async function unlinkUnused(run: Run, repository: string, digest: ContentDigest): Promise<boolean> {
  const { store } = run;
  const cutoff = run.isPushedTo(repository) ? run.pushCutoff : run.cutoff;
  const key = KEYS.link(repository, digest);
  const isOld = async () => ((await store.driver.stat(key))?.modified ?? 0) <= cutoff;
  if (!(await isOld())) return false;
  return store.repositories.exclusive(repository, async () => {
    if (store.uses.since(run.watch, repository, digest) || !(await isOld())) return false;
    if (!run.dryRun) await store.driver.remove(key);
    return true;
  });
}

/** Entries whose manifest never came, or is gone: what a crash leaves. */
async function sweepReferrers({ store, dryRun }: Run, repository: string): Promise<void> {
  const { driver } = store;
  for await (const folder of driver.children(KEYS.subjects(repository))) {
    const subject = unflat(folder.replace(/\/$/, ''));
    if (subject === undefined) continue;
    for await (const name of driver.children(KEYS.referrers(repository, subject))) {
      const digest = unflat(name);
      if (digest === undefined || (await driver.stat(KEYS.record(repository, digest)))) continue;
      await store.repositories.exclusive(repository, async () => {
        if (!dryRun && !(await driver.stat(KEYS.record(repository, digest))))
          await driver.remove(KEYS.referrer(repository, subject, digest));
      });
    }
  }
}

/** Removes contents that no repository has. */
async function sweepContents(run: Run): Promise<void> {
  const { driver } = run.store;
  for (const algorithm of ['sha256', 'sha512']) {
    const all = `${KEYS.contents}${algorithm}/`;
    for await (const folder of driver.children(all)) {
      await eachOf(driver.children(`${all}${folder}`), TOGETHER, async (hex) => {
        const digest = `${algorithm}:${hex}`;
        if (isContentDigest(digest) && !run.live.has(digest)) await removeContent(run, digest);
      });
    }
  }
}

async function removeContent(run: Run, digest: ContentDigest): Promise<void> {
  const { store, watch, cutoff, dryRun, collected } = run;
  run.signal?.throwIfAborted();
  const key = KEYS.content(digest);
  const facts = await store.driver.stat(key);
  if (!facts || facts.modified > cutoff) return;
  await store.contents.run(digest, async () => {
    if (store.uses.since(watch, '', digest)) return;
    if (!dryRun) await store.driver.remove(key);
    collected.removed++;
    collected.bytes += facts.size;
  });
}
