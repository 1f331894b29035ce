import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobStore, type PartialWriter } from './blob-store.ts';
import { digestOf, hexOf } from './digest.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-partial-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const CONTENT = randomBytes(1_000_000);
const WHOLE = { digest: digestOf(CONTENT), size: CONTENT.length };
const part = () => join(dir, 'ingest', `partial-${hexOf(WHOLE.digest)}`);
const there = () => readdirSync(join(dir, 'ingest'));

async function keptOf(writer: PartialWriter): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of writer.kept()) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function begin(bytes: number) {
  const writer = await openBlobStore(dir).resume(WHOLE);
  await writer.write(CONTENT.subarray(0, bytes));
  return writer;
}

test('goes on where it was suspended, also in another process', async () => {
  await (await begin(700_001)).suspend();
  const store = openBlobStore(dir);
  expect(store.partial.size()).toBe(700_001);
  const writer = await store.resume(WHOLE);
  expect(writer.keptSize).toBe(700_001);
  expect((await keptOf(writer)).equals(CONTENT.subarray(0, 700_001))).toBe(true);
  expect(writer.written).toBe(700_001);
  await writer.write(CONTENT.subarray(700_001));
  expect(await writer.commit()).toEqual(WHOLE);
  expect((await store.readAll(WHOLE.digest, 1e7)).equals(CONTENT)).toBe(true);
  expect(there()).toEqual([]);
});

test('what a crash left counts like what was suspended, once nothing has come for a while', async () => {
  await begin(300_000); // never ended
  await expect.poll(() => statSync(part()).size).toBe(300_000);
  const writer = await openBlobStore(dir).resume(WHOLE);
  expect((await keptOf(writer)).equals(CONTENT.subarray(0, 300_000))).toBe(true);
  await writer.write(CONTENT.subarray(300_000));
  expect(await writer.commit()).toEqual(WHOLE);
});

test('does not believe what it finds', async () => {
  await (await begin(500_000)).suspend();
  writeFileSync(part(), randomBytes(1000), { flag: 'r+' });
  const store = openBlobStore(dir);
  const writer = await store.resume(WHOLE);
  await keptOf(writer);
  await writer.write(CONTENT.subarray(500_000));
  await expect(writer.commit()).rejects.toThrow(/has digest/);
  expect(there()).toEqual([]);
  expect(await store.list()).toEqual([]);
});

test('begins anew where more is there than the blob has', async () => {
  await (await begin(500_000)).suspend();
  truncateSync(part(), CONTENT.length + 1);
  const writer = await openBlobStore(dir).resume(WHOLE);
  expect(writer.keptSize).toBe(0);
  await writer.write(CONTENT);
  expect(await writer.commit()).toEqual(WHOLE);
});

test('keeps what was there when it is left before all of it was read', async () => {
  await (await begin(600_000)).suspend();
  const writer = await openBlobStore(dir).resume(WHOLE);
  await writer.kept().next();
  await writer.suspend();
  expect(statSync(part()).size).toBe(600_000);
});

test('keeps nothing of little, of what was called off, and of two at the same time only the first', async () => {
  await (await begin(1000)).suspend();
  await (await begin(500_000)).abort();
  expect(there()).toEqual([]);
  const store = openBlobStore(dir);
  const [first, second] = [await store.resume(WHOLE), await store.resume(WHOLE)];
  await second.write(CONTENT.subarray(0, 400_000));
  await second.suspend();
  await first.write(CONTENT.subarray(0, 300_000));
  await first.suspend();
  expect(statSync(part()).size).toBe(300_000);
  expect(there()).toHaveLength(1);
});

test('old parts go when the next begins, and all of them when asked', async () => {
  await (await begin(400_000)).suspend();
  const store = openBlobStore(dir);
  const old = join(dir, 'ingest', `partial-${'0'.repeat(64)}`);
  writeFileSync(old, 'x'.repeat(100_000));
  const weekAgo = Date.now() / 1000 - 8 * 24 * 3600;
  utimesSync(old, weekAgo, weekAgo);
  const other = await store.resume({ digest: digestOf('other'), size: 5 });
  expect(there().sort()).toEqual([`partial-${hexOf(WHOLE.digest)}`, `partial-${hexOf(digestOf('other'))}`].sort());
  expect(await store.partial.prune('all')).toBe(400_000);
  await other.write(Buffer.from('other'));
  await other.commit();
  expect(there()).toEqual([]);
  expect(store.partial.size()).toBe(0);
});
