import { eachOf } from '../content/each-of.ts';
import { dropRecord } from '../content/manifests.ts';
import {
  type ManifestRecord,
  readRecord,
  readTag,
  recordDigests,
  type TagRecord,
  tagNames,
  writeRecord,
} from '../content/records.ts';
import { repositories } from '../content/repositories.ts';
import type { Store } from '../content/store.ts';
import type { Watch } from '../content/uses.ts';
import type { ContentDigest } from '../digest.ts';
import { KEYS } from '../storage/keys.ts';
import { type RetentionRule, ruleFor, tagsToRemove } from './retention-rules.ts';

export interface RetainOptions {
  rules: readonly RetentionRule[];
  /** Says what would go; nothing is changed. */
  dryRun: boolean;
  signal?: AbortSignal | undefined;
}

/** What went, or would. Bytes are freed by the collection after it. */
export interface Retained {
  dryRun: boolean;
  /** Repositories that a rule is about. */
  repositories: number;
  tags: { repository: string; tag: string; digest: ContentDigest }[];
  manifests: { repository: string; digest: ContentDigest }[];
  milliseconds: number;
}

const TOGETHER = 16;

/**
 * Applies rules of retention while the registry serves: takes away tags that no rule keeps, then manifests that nothing
 * leads to any more: no tag, no index that stays, no subject that stays. What is pushed or asked for meanwhile stays.
 */
export async function retain(store: Store, options: RetainOptions): Promise<Retained> {
  const start = performance.now();
  const retained: Retained = { dryRun: options.dryRun, repositories: 0, tags: [], manifests: [], milliseconds: 0 };
  for await (const repository of repositories(store)) {
    options.signal?.throwIfAborted();
    const rule = ruleFor(options.rules, repository);
    if (!rule) continue;
    retained.repositories++;
    await retainRepository(store, repository, rule, retained);
  }
  retained.milliseconds = Math.round(performance.now() - start);
  return retained;
}

async function retainRepository(
  store: Store,
  repository: string,
  rule: RetentionRule,
  retained: Retained,
): Promise<void> {
  const watch = store.uses.watch();
  try {
    const tags = await readTags(store, repository);
    const facts = [...tags].map(([tag, { at }]) => ({ tag, at }));
    const lost = new Set<ContentDigest>();
    for (const tag of tagsToRemove(rule, facts, store.now())) {
      const before = tags.get(tag)!;
      if (!(await removeTag(store, repository, tag, before, retained.dryRun))) continue;
      tags.delete(tag);
      lost.add(before.digest);
      retained.tags.push({ repository, tag, digest: before.digest });
    }
    if (rule.untaggedAfterMs !== undefined)
      await removeUntagged({ store, repository, watch, retained, tags, lost, afterMs: rule.untaggedAfterMs });
  } finally {
    watch.end();
  }
}

async function readTags(store: Store, repository: string): Promise<Map<string, TagRecord>> {
  const tags = new Map<string, TagRecord>();
  await eachOf(await tagNames(store, repository), TOGETHER, async (tag) => {
    const record = await readTag(store, repository, tag);
    if (record) tags.set(tag, record);
  });
  return tags;
}

/** Resolves to false when the tag was pushed again or removed meanwhile. */
async function removeTag(
  store: Store,
  repository: string,
  tag: string,
  before: TagRecord,
  dryRun: boolean,
): Promise<boolean> {
  return store.repositories.exclusive(repository, async () => {
    const now = await readTag(store, repository, tag);
    if (!now || now.at !== before.at || now.digest !== before.digest) return false;
    if (dryRun) return true;
    await store.driver.remove(KEYS.tag(repository, tag));
    const record = await readRecord(store, repository, before.digest);
    if (record) await writeRecord(store, repository, before.digest, { ...record, at: store.now() });
    return true;
  });
}

interface Untagged {
  store: Store;
  repository: string;
  watch: Watch;
  retained: Retained;
  /** Those that stay. */
  tags: Map<string, TagRecord>;
  /** What has just lost a tag: its time without begins now, also where nothing is changed. */
  lost: Set<ContentDigest>;
  afterMs: number;
}

async function removeUntagged(work: Untagged): Promise<void> {
  const { store, repository, watch, retained, tags, lost, afterMs } = work;
  const records = new Map<ContentDigest, ManifestRecord>();
  await eachOf(recordDigests(store, repository), TOGETHER, async (digest) => {
    const record = await readRecord(store, repository, digest);
    if (record) records.set(digest, record);
  });
  const tagged = new Set([...tags.values()].map(({ digest }) => digest));
  const oldest = store.now() - afterMs;
  const inUse = (digest: ContentDigest) => store.uses.after(store.now() - store.graceMs, repository, digest);
  const stays = ([digest, { at }]: [ContentDigest, ManifestRecord]) =>
    tagged.has(digest) || (lost.has(digest) ? store.now() : at) > oldest || (store.graceMs > 0 && inUse(digest));
  const live = reachable(
    records,
    [...records].filter(stays).map(([digest]) => digest),
  );
  // Indexes first: what a crash leaves is whole.
  const dead = [...records]
    .filter(([digest]) => !live.has(digest))
    .sort(([, a], [, b]) => b.children.length - a.children.length);
  for (const [digest, record] of dead) {
    const gone = await store.repositories.exclusive(repository, async () => {
      if (store.uses.since(watch, repository, digest)) return false;
      if (!retained.dryRun) await dropRecord(store, repository, digest, record);
      return true;
    });
    if (gone) retained.manifests.push({ repository, digest });
  }
}

/** Everything that `roots` lead to: what indexes point at, and what names one of these as its subject. */
function reachable(records: Map<ContentDigest, ManifestRecord>, roots: ContentDigest[]): Set<ContentDigest> {
  const about = new Map<ContentDigest, ContentDigest[]>();
  for (const [digest, { subject }] of records)
    if (subject !== undefined) about.set(subject, [...(about.get(subject) ?? []), digest]);
  const live = new Set(roots);
  for (const digest of live) {
    for (const next of [...(records.get(digest)?.children ?? []), ...(about.get(digest) ?? [])]) live.add(next);
  }
  return live;
}
