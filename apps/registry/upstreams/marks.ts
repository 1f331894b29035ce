import { isObject } from '@berth/oci';
import { readRecord, readTag } from '../content/records.ts';
import type { Store } from '../content/store.ts';
import { type ContentDigest, isContentDigest } from '../digest.ts';
import { flat, unflat } from '../storage/keys.ts';

/**
 * What tells fetched content from pushed content, durably: a mark beside it, with the time when it was written. Content
 * that was written later than its mark says was pushed: so a push needs to do nothing, and a mark that is lost or too
 * old only means that something is taken for pushed, and stays.
 */
export interface Marks {
  /** After a manifest was fetched and stored. */
  markManifest(repository: string, digest: ContentDigest): Promise<void>;
  /** After a tag was set to what the upstream says. */
  markTag(repository: string, tag: string, digest: ContentDigest): Promise<void>;
  isFetchedTag(repository: string, tag: string): Promise<boolean>;
  isFetchedManifest(repository: string, digest: ContentDigest): Promise<boolean>;
  /** A fetched manifest is being used; written down at most once in an hour. */
  used(repository: string, digest: ContentDigest): Promise<void>;
  /** When a manifest was used last, milliseconds since 1970; undefined when it was pushed, or is not marked. */
  lastUse(repository: string, digest: ContentDigest): Promise<number | undefined>;
  manifests(repository: string): AsyncIterable<ContentDigest>;
  forgetManifest(repository: string, digest: ContentDigest): Promise<void>;
  tags(repository: string): AsyncIterable<string>;
  forgetTag(repository: string, tag: string): Promise<void>;
}

interface Mark {
  /** Of what is marked. */
  digest: ContentDigest;
  /** When it was written, milliseconds since 1970. */
  at: number;
  used: number;
}

const LIMIT = 4096;
const USE_EVERY = 3_600_000;
const NOTED_MAX = 10_000;

const manifestsPrefix = (repository: string) => `fetched/${repository}/_manifests/`;
const tagsPrefix = (repository: string) => `fetched/${repository}/_tags/`;

export function openMarks(store: Store): Marks {
  const { driver, now } = store;
  const noted = new Map<string, number>();
  const manifestKey = (repository: string, digest: ContentDigest) => manifestsPrefix(repository) + flat(digest);
  const tagKey = (repository: string, tag: string) => tagsPrefix(repository) + tag;
  const read = async (key: string) => parse(await driver.read(key, LIMIT));
  const write = (key: string, mark: Mark) => driver.write(key, Buffer.from(JSON.stringify(mark)));
  const fetchedMark = async (repository: string, digest: ContentDigest) => {
    const [mark, record] = await Promise.all([
      read(manifestKey(repository, digest)),
      readRecord(store, repository, digest),
    ]);
    return mark && record && record.at <= mark.at ? mark : undefined;
  };
  return {
    markManifest: (repository, digest) => write(manifestKey(repository, digest), { digest, at: now(), used: now() }),
    markTag: (repository, tag, digest) => write(tagKey(repository, tag), { digest, at: now(), used: now() }),
    isFetchedTag: async (repository, tag) => {
      const [mark, now] = await Promise.all([read(tagKey(repository, tag)), readTag(store, repository, tag)]);
      return mark !== undefined && now !== undefined && mark.digest === now.digest && now.at <= mark.at;
    },
    isFetchedManifest: async (repository, digest) => (await fetchedMark(repository, digest)) !== undefined,
    used: async (repository, digest) => {
      const key = manifestKey(repository, digest);
      if (now() - (noted.get(key) ?? 0) < USE_EVERY) return;
      noted.delete(key);
      noted.set(key, now());
      const [oldest] = noted.keys();
      if (noted.size > NOTED_MAX && oldest !== undefined) noted.delete(oldest);
      const mark = await fetchedMark(repository, digest);
      if (mark && now() - mark.used >= USE_EVERY) await write(key, { ...mark, used: now() });
    },
    lastUse: async (repository, digest) => {
      const mark = await fetchedMark(repository, digest);
      return mark && Math.max(mark.used, noted.get(manifestKey(repository, digest)) ?? 0);
    },
    async *manifests(repository) {
      for await (const name of driver.children(manifestsPrefix(repository))) {
        const digest = unflat(name);
        if (digest) yield digest;
      }
    },
    forgetManifest: (repository, digest) => driver.remove(manifestKey(repository, digest)),
    tags: (repository) => driver.children(tagsPrefix(repository)),
    forgetTag: (repository, tag) => driver.remove(tagKey(repository, tag)),
  };
}

/** A mark that cannot be read is none: what it was about then counts as pushed. */
function parse(bytes: Buffer | undefined): Mark | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (!isObject(value)) return undefined;
    const { digest, at, used } = value;
    if (!isContentDigest(digest) || typeof at !== 'number' || typeof used !== 'number') return undefined;
    return { digest, at, used };
  } catch {
    return undefined;
  }
}
