import { isObject } from '@berth/oci';
import { type ContentDigest, isContentDigest } from '../digest.ts';
import { KEYS, unflat } from '../storage/keys.ts';
import { eachOf } from './each-of.ts';
import type { Store } from './store.ts';

/** What a repository keeps about a manifest beside its bytes. */
export interface ManifestRecord {
  mediaType: string;
  /** Bytes. */
  size: number;
  blobs: ContentDigest[];
  children: ContentDigest[];
  subject?: ContentDigest;
  /** When it was last pushed, or lost its last tag but one: milliseconds since 1970. */
  at: number;
}

/** As large as 10,000 digests make one. */
const RECORD_LIMIT = 4 * 1024 * 1024;
const TAG_LIMIT = 4096;
/** Tags read at a time. */
const TOGETHER = 16;

/** A tag: what it points at, and since when. */
export interface TagRecord {
  digest: ContentDigest;
  /** Milliseconds since 1970. */
  at: number;
}

export async function readRecord(
  store: Store,
  repository: string,
  digest: ContentDigest,
): Promise<ManifestRecord | undefined> {
  const bytes = await store.driver.read(KEYS.record(repository, digest), RECORD_LIMIT);
  return bytes && parseRecord(bytes);
}

export function writeRecord(store: Store, repository: string, digest: ContentDigest, record: ManifestRecord) {
  for (const blob of record.blobs) store.users.writing(repository, digest, blob);
  return store.driver.write(KEYS.record(repository, digest), Buffer.from(JSON.stringify(record)));
}

export async function readTag(store: Store, repository: string, tag: string): Promise<TagRecord | undefined> {
  const bytes = await store.driver.read(KEYS.tag(repository, tag), TAG_LIMIT);
  if (!bytes) return undefined;
  const value: unknown = JSON.parse(bytes.toString());
  if (!isObject(value) || !isContentDigest(value['digest']) || typeof value['at'] !== 'number')
    throw new Error(`the tag ${repository}:${tag} is broken on disk`);
  return { digest: value['digest'], at: value['at'] };
}

export function writeTag(store: Store, repository: string, tag: string, digest: ContentDigest): Promise<void> {
  const record: TagRecord = { digest, at: store.now() };
  store.tags.writing(repository, tag, digest);
  return store.driver.write(KEYS.tag(repository, tag), Buffer.from(JSON.stringify(record)));
}

/** All manifests of a repository. */
export async function* recordDigests(store: Store, repository: string): AsyncGenerator<ContentDigest> {
  for await (const name of store.driver.children(KEYS.records(repository))) {
    const digest = unflat(name);
    if (digest) yield digest;
  }
}

/** All tags of a repository, in the order of code units. */
export async function tagNames(store: Store, repository: string): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.driver.children(KEYS.tags(repository))) names.push(name);
  return names;
}

/** Tags that point at this manifest. The repository must be locked for this caller alone. */
export async function tagsOf(store: Store, repository: string, digest: ContentDigest): Promise<string[]> {
  const candidates = await store.tags.candidates(repository, digest, async (tell) =>
    eachOf(await tagNames(store, repository), TOGETHER, async (tag) => {
      const record = await readTag(store, repository, tag);
      if (record) tell(tag, record.digest);
    }),
  );
  const pointing: string[] = [];
  await eachOf(candidates, TOGETHER, async (tag) => {
    if ((await readTag(store, repository, tag))?.digest === digest) pointing.push(tag);
  });
  return pointing;
}

function parseRecord(bytes: Buffer): ManifestRecord {
  const value: unknown = JSON.parse(bytes.toString());
  if (!isObject(value)) throw new Error('a manifest record is broken on disk');
  const { mediaType, size, blobs, children, subject, at } = value;
  if (typeof mediaType !== 'string' || typeof size !== 'number' || typeof at !== 'number')
    throw new Error('a manifest record is broken on disk');
  const digests = (list: unknown) => (Array.isArray(list) ? list.filter(isContentDigest) : []);
  const record: ManifestRecord = { mediaType, size, blobs: digests(blobs), children: digests(children), at };
  if (isContentDigest(subject)) record.subject = subject;
  return record;
}
