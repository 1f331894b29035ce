import { MANIFEST_LIMIT } from '@berth/oci';
import { type ContentDigest, contentDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { ManifestReference } from '../names.ts';
import { KEYS } from '../storage/keys.ts';
import { eachOf } from './each-of.ts';
import { type ManifestFacts, readManifest } from './manifest-facts.ts';
import { type ManifestRecord, readRecord, readTag, tagsOf, writeRecord, writeTag } from './records.ts';
import { addReferrer, removeReferrer } from './referrers.ts';
import type { Store } from './store.ts';

export interface FoundManifest {
  digest: ContentDigest;
  record: ManifestRecord;
}

export interface PushedManifest {
  /** The digest that the bytes were named by, or must have; undefined: sha256 is taken. */
  digest?: ContentDigest;
  /** Names that it gets; there may be none. */
  tags: readonly string[];
  bytes: Uint8Array;
  contentType: string | undefined;
  /** False: an index may point at manifests that are not here. */
  wholeIndexes?: boolean;
  /** False: an image may need blobs that are not here: they come when they are asked for. */
  wholeImages?: boolean;
}

/** Objects looked up or changed at a time. */
const TOGETHER = 16;
/** How often a tag may move while it is read. */
const TAG_ATTEMPTS = 5;

/** Errors: MANIFEST_UNKNOWN. */
export async function findManifest(
  store: Store,
  repository: string,
  reference: ManifestReference,
): Promise<FoundManifest> {
  if ('digest' in reference) {
    const record = await readRecord(store, repository, reference.digest);
    if (record) return { digest: reference.digest, record };
    throw unknown(repository, reference.digest);
  }
  let before: ContentDigest | undefined;
  for (let attempt = 0; attempt < TAG_ATTEMPTS; attempt++) {
    const tag = await readTag(store, repository, reference.tag);
    if (!tag || tag.digest === before) break;
    const record = await readRecord(store, repository, tag.digest);
    if (record) return { digest: tag.digest, record };
    before = tag.digest; // it was replaced and removed since the tag was read: then the tag points elsewhere by now
  }
  throw unknown(repository, reference.tag);
}

/** The bytes as they were pushed. Errors: MANIFEST_UNKNOWN. */
export async function manifestBytes(store: Store, repository: string, digest: ContentDigest): Promise<Buffer> {
  const bytes = await store.driver.read(KEYS.content(digest), MANIFEST_LIMIT);
  if (bytes) return bytes;
  throw unknown(repository, digest);
}

/**
 * Takes a manifest or index: everything it points at must be in the repository, but for its subject. Errors:
 * MANIFEST_INVALID, DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN, SIZE_INVALID.
 */
export async function putManifest(
  store: Store,
  repository: string,
  pushed: PushedManifest,
): Promise<{ digest: ContentDigest; facts: ManifestFacts }> {
  const { bytes, tags } = pushed;
  const digest = contentDigest(bytes, pushed.digest?.startsWith('sha512:') ? 'sha512' : 'sha256');
  if (pushed.digest !== undefined && digest !== pushed.digest)
    throw new RegistryError('DIGEST_INVALID', `the manifest has the digest ${digest}, not ${pushed.digest}`);
  const facts = readManifest(bytes, pushed.contentType);
  await store.repositories.shared(repository, async () => {
    await checkReferences(store, repository, facts, pushed);
    await store.contents.run(digest, async () => {
      const key = KEYS.content(digest);
      if (!(await store.driver.stat(key))) await store.driver.write(key, bytes);
      if (facts.subject !== undefined) await addReferrer(store, repository, digest, bytes.byteLength, facts);
      const record: ManifestRecord = { ...pick(facts), size: bytes.byteLength, at: store.now() };
      await writeRecord(store, repository, digest, record);
      store.uses.note('', digest);
    });
    // Noted when it is written: whoever began to look before that did not see it.
    for (const used of [digest, facts.subject, ...facts.blobs, ...facts.children])
      if (used !== undefined) store.uses.note(repository, used);
    for (const tag of tags) await moveTag(store, repository, tag, digest);
  });
  return { digest, facts };
}

function pick({ mediaType, blobs, children, subject }: ManifestFacts) {
  return { mediaType, blobs, children, ...(subject === undefined ? {} : { subject }) };
}

async function checkReferences(
  store: Store,
  repository: string,
  facts: ManifestFacts,
  { wholeIndexes = true, wholeImages = true }: PushedManifest,
): Promise<void> {
  const missing: ContentDigest[] = [];
  const look = (keyOf: (digest: ContentDigest) => string) => async (digest: ContentDigest) => {
    if (!(await store.driver.stat(keyOf(digest)))) missing.push(digest);
  };
  await eachOf(
    wholeImages ? facts.blobs : [],
    TOGETHER,
    look((digest) => KEYS.link(repository, digest)),
  );
  await eachOf(
    wholeIndexes ? facts.children : [],
    TOGETHER,
    look((digest) => KEYS.record(repository, digest)),
  );
  if (missing.length === 0) return;
  const shown = missing.slice(0, 3).join(', ') + (missing.length > 3 ? `, and ${missing.length - 3} more` : '');
  throw new RegistryError(
    'MANIFEST_BLOB_UNKNOWN',
    `the manifest points at what ${repository} does not have: ${shown}`,
    {
      detail: missing.slice(0, 100).map((digest) => ({ digest })),
    },
  );
}

/** The manifest that had the tag before is untagged from now on, as far as this tag is concerned. */
async function moveTag(store: Store, repository: string, tag: string, digest: ContentDigest): Promise<void> {
  const before = await readTag(store, repository, tag);
  await writeTag(store, repository, tag, digest);
  if (before && before.digest !== digest) await renewRecord(store, repository, before.digest);
}

async function renewRecord(store: Store, repository: string, digest: ContentDigest): Promise<void> {
  const record = await readRecord(store, repository, digest);
  if (record) await writeRecord(store, repository, digest, { ...record, at: store.now() });
}

/** Takes a tag away; what it pointed at stays. Errors: MANIFEST_UNKNOWN. */
export function deleteTag(store: Store, repository: string, tag: string): Promise<void> {
  return store.repositories.exclusive(repository, async () => {
    const before = await readTag(store, repository, tag);
    if (!before) throw unknown(repository, tag);
    await store.driver.remove(KEYS.tag(repository, tag));
    await renewRecord(store, repository, before.digest);
  });
}

/** Removes a manifest and all tags that point at it. Errors: MANIFEST_UNKNOWN. */
export function deleteManifest(store: Store, repository: string, digest: ContentDigest): Promise<void> {
  return store.repositories.exclusive(repository, async () => {
    const record = await readRecord(store, repository, digest);
    if (!record) throw unknown(repository, digest);
    await eachOf(await tagsOf(store, repository, digest), TOGETHER, (tag) =>
      store.driver.remove(KEYS.tag(repository, tag)),
    );
    await dropRecord(store, repository, digest, record);
  });
}

/** Removes a manifest that no tag points at. The repository must be locked for this caller alone. */
export async function dropRecord(
  store: Store,
  repository: string,
  digest: ContentDigest,
  record: ManifestRecord,
): Promise<void> {
  store.tags.forget(repository, digest);
  await store.driver.remove(KEYS.record(repository, digest));
  if (record.subject !== undefined) await removeReferrer(store, repository, record.subject, digest);
}

function unknown(repository: string, reference: string): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', `${repository} has no manifest ${reference}`, {
    detail: { name: repository, reference },
  });
}
