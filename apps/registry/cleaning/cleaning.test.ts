import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addBlob, claimBlob, findBlob } from '../content/blobs.ts';
import { deleteTag, findManifest, putManifest } from '../content/manifests.ts';
import { openStore, type Store } from '../content/store.ts';
import { openUploads } from '../content/uploads.ts';
import { type ContentDigest, contentDigest } from '../digest.ts';
import { openDisk } from '../storage/disk.ts';
import type { StorageDriver } from '../storage/driver.ts';
import { KEYS } from '../storage/keys.ts';
import { collect } from './collect.ts';
import { retain } from './retain.ts';
import type { RetentionRule } from './retention-rules.ts';

const HOUR = 3_600_000;
let root: string;
let now: number;
let store: Store;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-cleaning-'));
  now = Date.now();
  store = openStore(openDisk(root), HOUR, () => now);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const gc = (graceMs = HOUR, on = store) =>
  collect(on, openUploads(on, { blobLimit: 1e9 }), { graceMs, uploadMs: HOUR, dryRun: false });
const apply = (rule: Partial<RetentionRule>, dryRun = false) =>
  retain(store, { rules: [{ repositories: ['**'], ...rule }], dryRun });

let ids = 0;
async function blob(name: string, text: string, on = store): Promise<ContentDigest> {
  const stage = await on.driver.stage(`0000${(ids++).toString(16).padStart(8, '0')}`);
  await stage.append(Buffer.from(text));
  await addBlob(on, name, contentDigest(text), stage);
  return contentDigest(text);
}

async function image(name: string, text: string, tags: string[] = [], more: object = {}, on = store) {
  const part = { mediaType: 'a/b', digest: await blob(name, `layer of ${text}`, on), size: 1 };
  return push(name, { config: part, layers: [], annotations: { text }, ...more }, tags, on);
}

async function push(name: string, document: object, tags: string[] = [], on = store): Promise<ContentDigest> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...document }));
  return (await putManifest(on, name, { bytes, tags, contentType: undefined })).digest;
}

const has = (name: string, digest: ContentDigest) =>
  findManifest(store, name, { digest }).then(
    () => true,
    () => false,
  );
const pointing = (digest: ContentDigest) => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest,
  size: 1,
});

test('a blob stays for the time of grace, and again when somebody asked for it', async () => {
  const digest = await blob('a', 'x');
  now += HOUR / 2;
  expect(await gc()).toMatchObject({ unlinked: 0, removed: 0 });
  now += HOUR;
  expect(await claimBlob(store, 'a', digest)).toBe(1); // its link is written again, with the time of the clock
  expect(await findBlob(store, 'a', digest)).toBe(1);
  expect(await gc(0)).toMatchObject({ unlinked: 1, removed: 1, bytes: 1 });
  expect(await findBlob(store, 'a', digest)).toBeUndefined();
});

test('a push that takes longer than the grace is not robbed of its first blobs', async () => {
  const digest = await blob('a', 'x');
  const other = await blob('b', 'y');
  const uploads = openUploads(store, { blobLimit: 10 });
  now += 3 * HOUR;
  const id = await uploads.begin('a'); // the next layer is on its way
  const wish = { graceMs: HOUR, uploadMs: 24 * HOUR, dryRun: false };
  // Files have the clock of the machine, which stands still here: nothing moved for three hours by it.
  utimesSync(join(root, 'staged', id), now / 1000, now / 1000);
  expect(await collect(store, uploads, wish)).toMatchObject({ unlinked: 1 });
  expect([await findBlob(store, 'a', digest), await findBlob(store, 'b', other)]).toEqual([1, undefined]);
  now += 2 * HOUR;
  expect(await collect(store, uploads, wish)).toMatchObject({ unlinked: 1 });
});

test('what a manifest needs stays, without any grace; what no repository has goes', async () => {
  const digest = await image('a', 'x', ['1']);
  await blob('b', 'layer of x');
  expect(await gc(0)).toMatchObject({ manifests: 1, unlinked: 1, removed: 0 });
  expect(await findBlob(store, 'a', contentDigest('layer of x'))).toBeDefined();
  await store.driver.remove(KEYS.tag('a', '1'));
  await store.driver.remove(KEYS.record('a', digest));
  expect(await gc(0)).toMatchObject({ manifests: 0, unlinked: 1, removed: 2 });
});

/** A driver whose write of one kind of object waits for `release`. */
function gated(driver: StorageDriver, holds: (key: string) => boolean) {
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const write = async (key: string, bytes: Uint8Array) => {
    if (holds(key)) {
      reached.resolve();
      await released.promise;
    }
    await driver.write(key, bytes);
  };
  return { driver: { ...driver, write }, reached: reached.promise, release: () => released.resolve() };
}

test.each(['record', 'link', 'tag'] as const)(
  'a push that is about to write its %s when a collection begins is whole afterwards',
  async (kind) => {
    const part = { record: '/_manifests/', link: '/_blobs/', tag: '/_tags/' }[kind];
    const gate = gated(openDisk(root), (key) => key.includes(part));
    const held = { ...store, driver: gate.driver };
    const pushing = image('a', 'x', ['1'], {}, held);
    await gate.reached;
    const collecting = gc(0, held);
    // It comes to what the push holds a lock of, and waits there.
    await new Promise((next) => setTimeout(next, 30));
    gate.release();
    const [digest] = await Promise.all([pushing.catch((error) => error.code), collecting]);
    // Without grace a collection between the blob and its manifest may take the blob: then the push is told.
    if (digest === 'MANIFEST_BLOB_UNKNOWN') expect(kind).toBe('link');
    else {
      await findManifest(store, 'a', { tag: '1' });
      expect(await findBlob(store, 'a', contentDigest('layer of x'))).toBeDefined();
      expect(await store.driver.stat(KEYS.content(digest))).toBeDefined();
    }
  },
);

test('entries of referrers that a crash left without their manifest go', async () => {
  const subject = contentDigest('subject');
  const digest = await image('a', 'x', [], { subject: pointing(subject) });
  await store.driver.remove(KEYS.record('a', digest));
  await gc(0);
  expect(await store.driver.stat(KEYS.referrer('a', subject, digest))).toBeUndefined();
});

test('a dry run says what would go, and changes nothing', async () => {
  const digest = await blob('a', 'xyz');
  const uploads = openUploads(store, { blobLimit: 10 });
  await uploads.begin('a');
  const wish = { graceMs: 0, uploadMs: 0, dryRun: true };
  expect(await collect(store, uploads, wish)).toMatchObject({ unlinked: 1, removed: 1, uploads: 1, bytes: 3 });
  expect(await findBlob(store, 'a', digest)).toBe(3);
});

test('a collection that is told to stop stops', async () => {
  await blob('a', 'x');
  const uploads = openUploads(store, { blobLimit: 10 });
  const signal = AbortSignal.abort();
  await expect(collect(store, uploads, { graceMs: 0, uploadMs: 0, dryRun: false, signal })).rejects.toThrow('abort');
  expect(await gc(0)).toMatchObject({ removed: 1 });
});

test('tags: the last N, the young, the matching stay', async () => {
  for (const [n, tag] of ['v1', 'v2', 'nightly-1', 'nightly-2', 'nightly-3'].entries()) {
    now += HOUR;
    await image('a', String(n), [tag]);
  }
  const removed = async (rule: Partial<RetentionRule>) => (await apply(rule, true)).tags.map(({ tag }) => tag).sort();
  expect(await removed({ keepLast: 2 })).toEqual(['nightly-1', 'v1', 'v2']);
  expect(await removed({ keepYoungerMs: 2.5 * HOUR, keepTags: ['v1'] })).toEqual(['v2']);
  expect(await removed({})).toEqual([]);
  expect(await removed({ repositories: ['b'], keepLast: 0 })).toEqual([]);
  await apply({ keepLast: 1, keepTags: ['v*'] });
  await expect(findManifest(store, 'a', { tag: 'nightly-2' })).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  await findManifest(store, 'a', { tag: 'v1' });
});

test('untagged manifests go after their time, counted from when they lost their last tag', async () => {
  const digest = await image('a', 'x', ['1']);
  now += 10 * HOUR;
  const rule = { untaggedAfterMs: 5 * HOUR };
  await deleteTag(store, 'a', '1');
  await apply(rule);
  expect(await has('a', digest)).toBe(true);
  now += 6 * HOUR;
  expect((await apply(rule, true)).manifests).toEqual([{ repository: 'a', digest }]);
  expect(await has('a', digest)).toBe(true);
  await apply(rule);
  expect(await has('a', digest)).toBe(false);
});

test('what a tagged index or a subject that stays leads to is not untagged', async () => {
  const [child, lone] = [await image('a', 'child'), await image('a', 'lone')];
  const index = await push('a', { manifests: [pointing(child)] });
  const outer = await push('a', { manifests: [pointing(index)] }, ['list']);
  const signature = await image('a', 'signature', [], { subject: pointing(child) });
  const sbom = await image('a', 'sbom', [], { subject: pointing(signature) });
  const orphan = await image('a', 'orphan', [], { subject: pointing(contentDigest('nothing')) });
  now += 2 * HOUR; // beyond the grace of what was just pushed
  const { manifests } = await apply({ untaggedAfterMs: 0 });
  expect(manifests.map(({ digest }) => digest).sort()).toEqual([lone, orphan].sort());
  for (const digest of [child, index, outer, signature, sbom]) expect(await has('a', digest)).toBe(true);
  await deleteTag(store, 'a', 'list');
  now += 2 * HOUR;
  await apply({ untaggedAfterMs: 0 });
  for (const digest of [child, index, outer, signature, sbom]) expect(await has('a', digest)).toBe(false);
  await gc(0);
  expect(await store.driver.stat(KEYS.content(child))).toBeUndefined();
});

test('a manifest that somebody asked for within the grace stays: an index may be about to point at it', async () => {
  const digest = await image('a', 'x');
  now += 2 * HOUR;
  store.uses.note('a', digest);
  now += HOUR / 2;
  await apply({ untaggedAfterMs: 0 });
  expect(await has('a', digest)).toBe(true);
  now += HOUR;
  await apply({ untaggedAfterMs: 0 });
  expect(await has('a', digest)).toBe(false);
});
