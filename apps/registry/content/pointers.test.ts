import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ContentDigest, contentDigest } from '../digest.ts';
import { openDisk } from '../storage/disk.ts';
import { unlinkBlob } from './blobs.ts';
import { deleteManifest, putManifest } from './manifests.ts';
import { Pointers } from './pointers.ts';
import { tagNames } from './records.ts';
import { openStore } from './store.ts';

const [one, two] = [contentDigest('one'), contentDigest('two')];

/** What is there, and how often it was read. */
function reading(...tags: [string, typeof one][]) {
  const state = { reads: 0 };
  const read = async (tell: (name: string, digest: typeof one) => void) => {
    state.reads++;
    for (const [name, digest] of tags) tell(name, digest);
  };
  return { state, read };
}

test('a repository is read once; what is written since is known', async () => {
  const index = new Pointers();
  index.writing('a', 'before', one); // nobody has asked yet: it will be read
  const { state, read } = reading(['x', one], ['y', two], ['before', one]);
  expect(await index.candidates('a', one, read)).toEqual(['x', 'before']);
  index.writing('a', 'z', one);
  index.writing('a', 'x', two); // or so it will be, if the write succeeds: until then it may be at both
  expect(await index.candidates('a', one, read)).toEqual(['x', 'before', 'z']);
  expect(await index.candidates('a', two, read)).toEqual(['y', 'x']);
  index.forget('a', one);
  expect(await index.candidates('a', one, read)).toEqual([]);
  expect(state.reads).toBe(1);
});

test('there is a bound: the repository that was asked about longest ago is forgotten, and read again', async () => {
  const index = new Pointers(4);
  const [a, b] = [reading(['1', one], ['2', one]), reading(['1', one], ['2', two])];
  await index.candidates('a', one, a.read);
  await index.candidates('b', one, b.read);
  await index.candidates('a', one, a.read);
  index.writing('a', '3', two); // one too many: b goes
  expect(await index.candidates('a', two, a.read)).toEqual(['3']);
  expect([a.state.reads, b.state.reads]).toEqual([1, 1]);
  await index.candidates('b', two, b.read);
  expect(b.state.reads).toBe(2);
  await index.candidates('a', one, a.read);
  expect(a.state.reads).toBe(2);
});

test('one repository that has more than the bound is read each time, and takes nothing from others', async () => {
  const index = new Pointers(3);
  const [large, small] = [
    reading(...['1', '2', '3', '4'].map((tag) => [tag, one] as [string, typeof one])),
    reading(['1', one]),
  ];
  await index.candidates('small', one, small.read);
  expect(await index.candidates('large', one, large.read)).toEqual(['1', '2', '3', '4']);
  index.writing('large', '5', one);
  expect(await index.candidates('large', one, large.read)).toHaveLength(4);
  await index.candidates('small', one, small.read);
  expect([large.state.reads, small.state.reads]).toEqual([2, 1]);
});

test('what fails to be read is read again', async () => {
  const index = new Pointers();
  const broken = async () => Promise.reject(new Error('the disk failed'));
  await expect(index.candidates('a', one, broken)).rejects.toThrow('the disk failed');
  const { read } = reading(['x', one]);
  expect(await index.candidates('a', one, read)).toEqual(['x']);
});

test('a repository is read once, however many of its manifests are deleted', async () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-pointers-'));
  try {
    const store = openStore(openDisk(root), 1000);
    const reads = { tags: 0, records: 0 };
    const { driver } = store;
    const read = (key: string, limit: number) => {
      if (key.includes('/_tags/')) reads.tags++;
      if (key.includes('/_manifests/')) reads.records++;
      return driver.read(key, limit);
    };
    const counted = { ...store, driver: { ...driver, read } };
    const config = contentDigest('{}');
    await driver.write(`repositories/a/_blobs/${config.replace(':', '-')}`, Buffer.alloc(0));
    const digests: ContentDigest[] = [];
    for (let n = 0; n < 200; n++) {
      const part = { mediaType: 'a/b', digest: config, size: 2 };
      const bytes = Buffer.from(
        JSON.stringify({ schemaVersion: 2, config: part, layers: [], annotations: { n: `${n}` } }),
      );
      digests.push((await putManifest(store, 'a', { bytes, tags: [`t${n}`], contentType: undefined })).digest);
    }
    for (const digest of digests.slice(0, 150)) await deleteManifest(counted, 'a', digest);
    expect(reads.tags).toBeLessThan(200 + 2 * 150);
    expect(await tagNames(store, 'a')).toEqual(Array.from({ length: 50 }, (_, n) => `t${n + 150}`));
    // A blob is looked for in the same way.
    await unlinkBlob(counted, 'a', config);
    reads.records = 0;
    expect((await unlinkBlob(counted, 'a', config)).usedBy).toBeDefined();
    expect(reads.records).toBe(1); // one that needs it is enough
    await Promise.all(digests.slice(150, 199).map((digest) => deleteManifest(counted, 'a', digest)));
    expect((await unlinkBlob(counted, 'a', config)).usedBy).toBe(digests[199]);
    await deleteManifest(counted, 'a', digests[199]!);
    expect((await unlinkBlob(counted, 'a', config)).usedBy).toBeUndefined();
    expect(await tagNames(store, 'a')).toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
