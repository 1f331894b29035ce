import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDisk } from './disk.ts';
import type { StorageDriver } from './driver.ts';

let root: string;
let disk: StorageDriver;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-disk-'));
  disk = openDisk(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const list = async (prefix: string) => {
  const names: string[] = [];
  for await (const name of disk.children(prefix)) names.push(name);
  return names;
};
const text = async (key: string) => (await disk.read(key, 100))?.toString();

test('objects are written, replaced, read, listed and removed; folders without objects are not there', async () => {
  expect([await disk.read('a/b', 10), await disk.stat('a/b'), await disk.open('a/b'), await list('a/')]).toEqual([
    undefined,
    undefined,
    undefined,
    [],
  ]);
  await disk.write('a/b/c', Buffer.from('one'));
  await disk.write('a/b/c', Buffer.from('two'));
  await disk.write('a/B', Buffer.from('three'));
  expect([await text('a/b/c'), (await disk.stat('a/B'))?.size, await list('a/')]).toEqual(['two', 5, ['B', 'b/']]);
  // A folder is no object.
  expect([await disk.stat('a/b'), await disk.read('a/b', 10)]).toEqual([undefined, undefined]);
  await disk.remove('a/b/c');
  await disk.remove('a/b/c');
  expect([await list('a/'), existsSync(join(root, 'a/b'))]).toEqual([['B'], false]);
});

test('an object that is longer than allowed is not read into memory', async () => {
  await disk.write('a/b', Buffer.alloc(11));
  await expect(disk.read('a/b', 10)).rejects.toThrow('more than the 10 allowed');
});

test('what is open can be read to its end although it is removed or replaced', async () => {
  await disk.write('a/b', Buffer.from('0123456789'));
  const [whole, part] = [(await disk.open('a/b'))!, (await disk.open('a/b', { start: 2, end: 4 }))!];
  await disk.write('a/b', Buffer.from('another'));
  await disk.remove('a/b');
  expect([(await buffer(whole)).toString(), (await buffer(part)).toString()]).toEqual(['0123456789', '234']);
});

test('a stage grows, is opened again, and becomes an object in one step', async () => {
  const id = '0123abcd-ef';
  const stage = await disk.stage(id);
  await stage.append(Buffer.from('hello '));
  await stage.flush();
  await stage.close();
  const again = (await openDisk(root).reopen(id))!;
  expect(again.size).toBe(6);
  await again.append(Buffer.from('world'));
  const bytes: Uint8Array[] = [];
  for await (const chunk of again.read()) bytes.push(Buffer.from(chunk));
  expect(Buffer.concat(bytes).toString()).toBe('hello world');
  await again.promote('blobs/x');
  expect([await text('blobs/x'), await disk.reopen(id)]).toEqual(['hello world', undefined]);
  await again.discard(); // does nothing now
  expect(await text('blobs/x')).toBe('hello world');
});

test('stages are listed until they end', async () => {
  const [one, two] = [await disk.stage('00000001'), await disk.stage('00000002')];
  await one.append(Buffer.alloc(7));
  await two.discard();
  const found = [];
  for await (const each of disk.stages()) found.push([each.id, each.size]);
  expect(found).toEqual([['00000001', 7]]);
  await one.close();
  await expect(disk.stage('00000001')).rejects.toThrow('EEXIST');
});

test('what a crash left in tmp is swept, stages are kept', async () => {
  await (await disk.stage('00000001')).close();
  writeFileSync(join(root, 'tmp/left'), 'x');
  mkdirSync(join(root, 'tmp/folder'));
  openDisk(root);
  expect([readdirSync(join(root, 'tmp')), readdirSync(join(root, 'staged'))]).toEqual([[], ['00000001']]);
});

test('writing and removing in one folder at once loses nothing', async () => {
  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      await disk.write(`deep/folder/${n % 3}/x${n}`, Buffer.from(String(n)));
      if (n % 2) await disk.remove(`deep/folder/${n % 3}/x${n}`);
    }),
  );
  for (let n = 0; n < 60; n++) expect(await text(`deep/folder/${n % 3}/x${n}`)).toBe(n % 2 ? undefined : String(n));
});

test('no key leads out of the root, whatever it is made of', async () => {
  const part = fc.constantFrom('..', '.', 'a', '', '\0', 'a\n', ' ', '%2e', '\\', '/etc', 'ä', 'b');
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
      const key = parts.join('/');
      const isKey = /^(?:[ab]\/)*[ab]$/.test(key);
      if (isKey) expect(await disk.stat(key)).toBeUndefined();
      else {
        expect(() => disk.read(key, 1)).toThrow('not a key');
        await expect(disk.write(key, Buffer.from('x'))).rejects.toThrow('not a key');
        await expect(disk.remove(key)).rejects.toThrow('not a key');
      }
    }),
  );
  for (const id of ['../x', 'x', '', 'a/b', '0'.repeat(65)]) await expect(disk.stage(id)).rejects.toThrow('not an id');
});
