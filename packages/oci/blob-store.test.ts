import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from './blob-store.ts';
import { type Digest, digestOf } from './digest.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-blobs-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const CONTENT = Buffer.from('some content');

test('keeps what was put, under its digest', async () => {
  const store = openBlobStore(dir);
  const { digest, size } = await store.put(CONTENT);
  expect(digest).toBe(digestOf(CONTENT));
  expect(size).toBe(CONTENT.length);
  expect(await openBlobStore(dir).readAll(digest, 100)).toEqual(CONTENT);
  expect(await store.list()).toEqual([digest]);
  expect(await store.stat(digest)).toEqual({ size });
  await store.remove(digest);
  await store.remove(digest);
  expect(await store.has(digest)).toBe(false);
});

test('refuses bytes that are not the expected ones and leaves nothing', async () => {
  const store = openBlobStore(dir);
  const other = digestOf('other');
  await expect(store.put(CONTENT, { digest: other })).rejects.toThrow(/has digest .* expected/);
  await expect(store.put(CONTENT, { size: 5 })).rejects.toThrow('longer than the 5 bytes');
  await expect(store.put(CONTENT, { size: 50 })).rejects.toThrow('has 12 bytes, 50 were announced');
  expect(await store.list()).toEqual([]);
  expect(readdirSync(join(dir, 'ingest'))).toEqual([]);
});

test('a stream that breaks leaves nothing', async () => {
  const store = openBlobStore(dir);
  async function* broken() {
    yield CONTENT;
    throw new Error('connection lost');
  }
  await expect(store.put(broken())).rejects.toThrow('connection lost');
  expect(await store.list()).toEqual([]);
  expect(readdirSync(join(dir, 'ingest'))).toEqual([]);
});

test('opening drops what a crash left half written', async () => {
  const store = openBlobStore(dir);
  const writer = await store.ingest({ digest: digestOf(CONTENT) });
  await writer.write(CONTENT);
  expect(readdirSync(join(dir, 'ingest'))).toHaveLength(1);
  const reopened = openBlobStore(dir);
  expect(readdirSync(join(dir, 'ingest'))).toEqual([]);
  expect(await reopened.list()).toEqual([]);
  await writer.abort();
});

test('a writer that is given up while it writes much ends', async () => {
  const store = openBlobStore(dir);
  const writer = await store.ingest(undefined);
  const writing = writer.write(Buffer.alloc(8 * 1024 * 1024, 'x'));
  await Promise.all([expect(writing).rejects.toMatchObject({ code: 'canceled' }), writer.abort()]);
  expect(readdirSync(join(dir, 'ingest'))).toEqual([]);
});

test('the same blob may come in twice at once', async () => {
  const store = openBlobStore(dir);
  const expected = { digest: digestOf(CONTENT) };
  const results = await Promise.all([1, 2, 3].map(() => store.put(CONTENT, expected)));
  expect(new Set(results.map((r) => r.digest)).size).toBe(1);
  expect(await store.list()).toEqual([expected.digest]);
});

test('reading is bounded, and a digest never becomes another path', async () => {
  const store = openBlobStore(dir);
  const { digest } = await store.put(CONTENT);
  await expect(store.readAll(digest, 5)).rejects.toThrow('more than the 5 allowed');
  await expect(store.readAll(digestOf('absent'), 5)).rejects.toMatchObject({ code: 'not-found' });
  for (const evil of ['sha256:../../x', `sha256:${'A'.repeat(64)}`, 'sha512:00', '']) {
    expect(() => store.path(evil as Digest)).toThrow();
  }
});

test('list passes over foreign files', async () => {
  const store = openBlobStore(dir);
  writeFileSync(join(dir, 'blobs', 'sha256', 'README'), '');
  expect(await store.list()).toEqual([]);
});
