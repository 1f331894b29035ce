import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type S3Server, startS3Server } from '../../../../tests/support/s3-server.ts';
import type { StorageDriver } from '../driver.ts';
import { openS3 } from './index.ts';

let server: S3Server;
let driver: StorageDriver;
const PART = 1000;
const open = (changes: { prefix?: string; secretAccessKey?: string; bucket?: string } = {}) =>
  openS3({ ...server, partSize: PART, prefix: 'some/where', ...changes });

beforeAll(async () => {
  server = await startS3Server();
  driver = await open();
});
afterAll(async () => {
  await driver?.close();
  await server?.close();
});

const all = async <T>(items: AsyncIterable<T>) => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};
const textOf = async (stream: Readable | undefined) => stream && Buffer.concat(await stream.toArray());
/** Puts a blob in pieces of these sizes. */
async function store(key: string, content: Buffer, piece: number, on = driver): Promise<void> {
  const stage = await on.stage(randomUUID());
  for (let at = 0; at < content.length; at += piece) await stage.append(content.subarray(at, at + piece));
  await stage.promote(key);
}
/** Keys of what belongs to blobs and uploads. */
const leftovers = () => server.keys().filter((key) => /^some\/where\/(parts|stages)\//.test(key));

test('small objects: written, replaced, read, removed', async () => {
  expect(await driver.read('tags/a', 100)).toBeUndefined();
  await driver.write('tags/a', Buffer.from('one'));
  await driver.write('tags/a', Buffer.from('second'));
  expect(String(await driver.read('tags/a', 100))).toBe('second');
  expect(await driver.stat('tags/a')).toEqual({ size: 6, modified: expect.any(Number) });
  expect((await driver.stat('tags/a'))!.modified).toBeGreaterThan(Date.now() - 60_000);
  await expect(driver.read('tags/a', 5)).rejects.toThrow(/more than the 5 bytes/);
  expect(String(await textOf(await driver.open('tags/a')))).toBe('second');
  expect(String(await textOf(await driver.open('tags/a', { start: 1, end: 3 })))).toBe('eco');
  await driver.write('tags/empty', new Uint8Array());
  expect(await driver.read('tags/empty', 10)).toEqual(Buffer.alloc(0));
  await driver.remove('tags/a');
  await driver.remove('tags/a');
  expect(await driver.stat('tags/a')).toBeUndefined();
  expect(await driver.open('tags/a')).toBeUndefined();
});

test('children: one level, in order, over more than a page', async () => {
  const keys = ['r/b/_tags/x', 'r/b-c/_tags/x', 'r/a/_tags/x', 'r/a/b/_tags/y', 'r/z'];
  for (const key of keys) await driver.write(key, Buffer.from('x'));
  expect(await all(driver.children('r/'))).toEqual(['a/', 'b-c/', 'b/', 'z']);
  expect(await all(driver.children('r/a/'))).toEqual(['_tags/', 'b/']);
  expect(await all(driver.children('none/'))).toEqual([]);
  const many = Array.from({ length: 1_050 }, (_, n) => `many/${String(n).padStart(5, '0')}`);
  for (let at = 0; at < many.length; at += 50)
    await Promise.all(many.slice(at, at + 50).map((key) => driver.write(key, Buffer.from('.'))));
  expect((await all(driver.children('many/'))).map((name) => `many/${name}`)).toEqual(many);
});

test.each([0, 1, PART - 1, PART, PART + 1, 5 * PART + 17])('a blob of %d bytes', async (size) => {
  const content = randomBytes(size);
  const key = `blobs/${createHash('sha256').update(content).digest('hex')}`;
  await store(key, content, 333);
  expect(await driver.stat(key)).toMatchObject({ size });
  expect(await textOf(await driver.open(key))).toEqual(content);
  for (const [start, end] of [
    [0, 0],
    [PART - 1, PART],
    [PART, 2 * PART - 1],
    [10, size - 1],
    [Math.max(0, size - 1), size - 1],
  ] as const) {
    if (start > end || end >= size) continue;
    expect(await textOf(await driver.open(key, { start, end }))).toEqual(content.subarray(start, end + 1));
  }
  expect(await driver.read(key, 1e6)).toEqual(content);
  await driver.remove(key);
  expect(await driver.stat(key)).toBeUndefined();
  expect(leftovers()).toEqual([]);
});

test('an upload goes on after a restart, at any byte', async () => {
  const content = randomBytes(3 * PART + 100);
  for (const cut of [0, 1, PART - 1, PART, PART + 500, 3 * PART]) {
    const id = randomUUID();
    const before = await driver.stage(id);
    await before.append(content.subarray(0, cut));
    await before.flush();
    const other = await open();
    expect((await all(other.stages())).map((stage) => [stage.id, stage.size])).toEqual([[id, cut]]);
    const after = await other.reopen(id);
    expect(after?.size).toBe(cut);
    expect(Buffer.concat(await all(after!.read()))).toEqual(content.subarray(0, cut));
    await after!.append(content.subarray(cut));
    await after!.promote('blobs/again');
    expect(await textOf(await other.open('blobs/again'))).toEqual(content);
    expect(await other.reopen(id)).toBeUndefined();
    await other.remove('blobs/again');
    await other.close();
  }
  expect(await driver.reopen(randomUUID())).toBeUndefined();
  expect(leftovers()).toEqual([]);
});

test('parts of another size than is set now are no beginning', async () => {
  const id = randomUUID();
  const stage = await driver.stage(id);
  await stage.append(randomBytes(2 * PART + 5));
  await stage.flush();
  await stage.close();
  const other = await openS3({ ...server, partSize: PART / 2, prefix: 'some/where' });
  const again = await other.reopen(id);
  expect(again?.size).toBe(0);
  await again!.append(Buffer.from('all of it'));
  await again!.promote('blobs/other');
  expect(String(await textOf(await other.open('blobs/other')))).toBe('all of it');
  await other.remove('blobs/other');
  expect(leftovers()).toEqual([]);
});

test('what is given up leaves nothing', async () => {
  const stage = await driver.stage(randomUUID());
  await stage.append(randomBytes(2 * PART + 5));
  await stage.discard();
  await stage.discard();
  expect(leftovers()).toEqual([]);
  expect(await all(driver.stages())).toEqual([]);
});

test('the same blob twice is one; the second leaves nothing', async () => {
  const content = randomBytes(1500);
  await store('blobs/twice', content, 1500);
  await store('blobs/twice', content, 100);
  expect(await textOf(await driver.open('blobs/twice'))).toEqual(content);
  expect(leftovers()).toHaveLength(2);
  await driver.remove('blobs/twice');
  expect(leftovers()).toEqual([]);
});

test('who reads a blob reads it to its end although it is removed', async () => {
  const content = randomBytes(8 * PART);
  await store('blobs/read', content, PART);
  const stream = (await driver.open('blobs/read'))!;
  const first = (await once(stream, 'readable')) && stream.read(10);
  await driver.remove('blobs/read');
  expect(await driver.stat('blobs/read')).toBeUndefined();
  expect(leftovers()).not.toEqual([]);
  expect(Buffer.concat([first, ...(await stream.toArray())])).toEqual(content);
  await driver.close();
  expect(leftovers()).toEqual([]);
});

test('a crash between any two steps leaves either the blob or a stage that can be removed', async () => {
  const content = randomBytes(2 * PART);
  for (const step of [/PUT .*stages/, /PUT .*blobs/, /DELETE .*stages/]) {
    const id = randomUUID();
    const dying = await open();
    const stage = await dying.stage(id);
    await stage.append(content);
    await stage.flush();
    server.fail(1, 403, step);
    await expect(stage.promote('blobs/crash')).rejects.toThrow(/403/);
    const next = await open();
    const there = (await next.stat('blobs/crash')) !== undefined;
    const known = await all(next.stages());
    expect([there, known.map((one) => one.id)]).toEqual(String(step).includes('DELETE') ? [true, []] : [false, [id]]);
    await (await next.reopen(id))?.discard();
    if (there) expect(await textOf(await next.open('blobs/crash'))).toEqual(content);
    await next.remove('blobs/crash');
    expect(leftovers()).toEqual([]);
  }
  for (const step of [/DELETE .*blobs/, /DELETE .*parts.*0001/, /DELETE .*stages/]) {
    await store('blobs/crash', content, PART);
    server.fail(1, 403, step);
    await expect(driver.remove('blobs/crash')).rejects.toThrow(/403/);
    const next = await open();
    for (const { id } of await all(next.stages())) await (await next.reopen(id))?.discard();
    if ((await next.stat('blobs/crash')) !== undefined) {
      expect(await textOf(await next.open('blobs/crash'))).toEqual(content);
      await next.remove('blobs/crash');
    }
    expect(leftovers()).toEqual([]);
  }
});

test('answers that may pass are waited out; others are not', async () => {
  server.fail(2, 503);
  await driver.write('tags/b', Buffer.from('x'));
  server.fail(1, 0, /GET/);
  expect(String(await driver.read('tags/b', 10))).toBe('x');
  server.fail(1, 403, /GET/);
  await expect(driver.read('tags/b', 10)).rejects.toThrow(/403/);
  const stage = await driver.stage(randomUUID());
  server.fail(1, 403, /PUT .*parts/);
  await stage.append(randomBytes(PART));
  await expect(stage.flush()).rejects.toThrow(/403/);
  await expect(stage.promote('blobs/none')).rejects.toThrow(/403/);
  await stage.discard();
  expect(leftovers()).toEqual([]);
});

test('settings that are wrong', async () => {
  await expect(open({ secretAccessKey: 'wrong' })).rejects.toThrow(
    /does not let us in: the key or its secret is wrong/,
  );
  await expect(open({ bucket: 'missing-bucket' })).rejects.toThrow(/there is no bucket missing-bucket/);
  await expect(open({ bucket: '../x' })).rejects.toMatchObject({ code: 'invalid' });
  await expect(open({ prefix: '/x' })).rejects.toMatchObject({ code: 'invalid' });
  await expect(openS3({ ...server, endpoint: 'ftp://x' })).rejects.toMatchObject({ code: 'invalid' });
});
