import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { contentDigest } from '../digest.ts';
import { openDisk } from '../storage/disk.ts';
import { findBlob } from './blobs.ts';
import { openStore } from './store.ts';
import { openUploads, type Source, type Uploads } from './uploads.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-uploads-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const LIMIT = 1_000_000;
function open() {
  const store = openStore(openDisk(root), 1000);
  return { store, uploads: openUploads(store, { blobLimit: LIMIT }) };
}

function source(...chunks: (string | Buffer)[]): Source {
  const bytes = async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  };
  return { bytes: bytes(), cut: () => {} };
}

test('goes on after a restart, and the digest is that of all bytes', async () => {
  const id = await open().uploads.begin('a');
  expect(await open().uploads.append('a', id, source('hello ', 'wor'))).toBe(9);
  const { store, uploads } = open();
  expect(await uploads.size('a', id)).toBe(9);
  const digest = contentDigest('hello world');
  await uploads.finish('a', id, digest, source('ld'));
  expect(await findBlob(store, 'a', digest)).toBe(11);
  expect(await findBlob(store, 'b', digest)).toBeUndefined();
});

test('the digest may be of another algorithm than was thought at the start', async () => {
  const { store, uploads } = open();
  const id = await uploads.begin('a');
  const digest = contentDigest('hello', 'sha512');
  await uploads.append('a', id, source('hel'));
  await uploads.finish('a', id, digest, source('lo'));
  expect(await findBlob(store, 'a', digest)).toBe(5);
});

test('what came before a source broke off is kept, and the digest is still right', async () => {
  const { store, uploads } = open();
  const id = await uploads.begin('a');
  const broken = async function* () {
    yield Buffer.from('hel');
    throw new Error('connection lost');
  };
  await expect(uploads.append('a', id, { bytes: broken(), cut: () => {} })).rejects.toThrow('connection lost');
  expect(await uploads.size('a', id)).toBe(3);
  await uploads.finish('a', id, contentDigest('hello'), source('lo'));
  expect(await findBlob(store, 'a', contentDigest('hello'))).toBe(5);
});

test('the newest connection has the upload: an older one that hangs is cut off', async () => {
  const { uploads } = open();
  const id = await uploads.begin('a');
  const { promise, reject } = Promise.withResolvers<void>();
  const hanging = async function* () {
    yield Buffer.from('abc');
    await promise;
  };
  const old = uploads.append('a', id, { bytes: hanging(), cut: () => reject(new Error('cut')) });
  old.catch(() => {});
  while ((await uploads.size('a', id)) < 3) await turn();
  expect(await uploads.append('a', id, source('def'))).toBe(6);
  await expect(old).rejects.toThrow('cut');
  await uploads.finish('a', id, contentDigest('abcdef'), source());
});

test('too much is refused as soon as it comes', async () => {
  const { uploads } = open();
  const id = await uploads.begin('a');
  const refused = uploads.append('a', id, source(Buffer.alloc(LIMIT), 'x'));
  await expect(refused).rejects.toMatchObject({ code: 'SIZE_INVALID', status: 413 });
  expect(await uploads.size('a', id)).toBe(LIMIT);
  const chunk = uploads.append('a', await uploads.begin('a'), { ...source('abcdef'), range: { start: 0, end: 2 } });
  await expect(chunk).rejects.toMatchObject({ code: 'SIZE_INVALID', status: 400 });
});

test.each(['', 'x', '../../etc/passwd', '00000000-0000-0000-0000-000000000000', `${'0'.repeat(300)}`])(
  'an id that was not given out is unknown: %j',
  async (id) => {
    const { uploads } = open();
    for (const call of [
      (known: Uploads) => known.size('a', id),
      (known: Uploads) => known.append('a', id, source('x')),
      (known: Uploads) => known.finish('a', id, contentDigest('x'), source('x')),
      (known: Uploads) => known.cancel('a', id),
    ])
      await expect(call(uploads)).rejects.toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });
  },
);

test('those that nobody goes on with expire; one that is in use does not', async () => {
  const { uploads } = open();
  const [idle, busy] = [await uploads.begin('a'), await uploads.begin('a')];
  await uploads.append('a', idle, source('12345'));
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = async function* () {
    yield Buffer.from('x');
    await promise;
  };
  const appending = uploads.append('a', busy, { bytes: slow(), cut: resolve });
  while ((await uploads.size('a', busy)) < 1) await turn();
  expect(await uploads.expire(0, false)).toEqual({ uploads: 0, bytes: 0 });
  expect(await uploads.expire(Number.POSITIVE_INFINITY, true)).toEqual({ uploads: 1, bytes: 5 });
  expect(await uploads.expire(Number.POSITIVE_INFINITY, false)).toEqual({ uploads: 1, bytes: 5 });
  await expect(uploads.size('a', idle)).rejects.toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });
  resolve();
  expect(await appending).toBe(1);
});
