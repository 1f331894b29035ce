import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReference } from '@berth/oci';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dockerArchive } from '../../support/images.ts';
import { tar } from '../../support/tar.ts';
import { load, openImageStore, piecesOf, smallArchive } from './image-store.ts';

/** Data roots of a few MB: what is left after the first image decides where it is that the disk is full. */
const SIZES = [3, 4, 5, 6, 7, 8, 9, 10].map((size) => size * 512 * 1024);

let mountpoint: string;
let store: Awaited<ReturnType<typeof openImageStore>>;
beforeEach(() => {
  mountpoint = mkdtempSync(join(tmpdir(), 'berth-full-'));
});
afterEach(async () => {
  await store.suspend();
  execFileSync('umount', [mountpoint]);
  rmSync(mountpoint, { recursive: true });
});

async function openSmall(size: number): Promise<void> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', mountpoint]);
  store = await openImageStore(mountpoint);
  await load(store.images, smallArchive(['first:1'], 'here before'));
}

const big = randomBytes(2_000_000);
const files = Array.from({ length: 50 }, (_, n) => ({
  path: `f${n}`,
  content: big.subarray(n * 40_000, (n + 1) * 40_000),
}));
const archive = dockerArchive([{ tags: ['second:1'], files, above: [[{ path: 'g', content: big }]], config: {} }]);

/** What was there is whole, and of what did not fit nothing is left: not before a restart, and not after it. */
async function expectOnlyTheFirst(): Promise<void> {
  const before = { blobs: 3, layers: 1, ingest: 0 };
  const counts = () => {
    const { blobs, layers, ingest } = store.onDisk();
    return { blobs: blobs.length, layers: layers.length, ingest: ingest.length };
  };
  await expect.poll(counts).toEqual(before);
  const [directory] = store.images.layerDirectories(store.images.resolve('first:1').id);
  expect(readFileSync(join(directory!, 'file'), 'utf8')).toBe('here before');
  const free = statfsSync(mountpoint).bavail;
  await store.suspend();
  store = await openImageStore(mountpoint);
  expect(counts()).toEqual(before);
  expect(statfsSync(mountpoint).bavail).toBeGreaterThanOrEqual(free);
  expect(readdirSync(mountpoint).filter((name) => !/^(berth\.db.*|blobs|ingest|l)$/.test(name))).toEqual([]);
}

describe.skipIf(process.getuid?.() !== 0)('a disk that is full', () => {
  test.each(SIZES)('load, %i bytes', async (size) => {
    await openSmall(size);
    const outcome = await load(store.images, archive).then(
      () => 'loaded',
      (error: Error) => error,
    );
    if (outcome === 'loaded') {
      await store.images.remove('second:1', { force: false, noPrune: false });
    } else {
      expect(outcome).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('no space left on device'),
      });
    }
    await expectOnlyTheFirst();
  });

  test.each(SIZES)('import, %i bytes', async (size) => {
    await openSmall(size);
    const options = {
      reference: parseReference('second:1'),
      message: '',
      changes: [],
      platform: undefined,
      source: '-',
    };
    const outcome = await store.images.import(piecesOf(tar(files)), options).then(
      () => 'imported',
      (error: Error) => error,
    );
    if (outcome === 'imported') await store.images.remove('second:1', { force: false, noPrune: false });
    else expect(outcome).toMatchObject({ code: 'unavailable', message: expect.stringContaining('no space left') });
    await expectOnlyTheFirst();
  });

  test('an image can be removed from a disk that has no room left', async () => {
    await openSmall(12 * 1024 * 1024);
    await load(store.images, archive);
    execFileSync('sh', ['-c', `dd if=/dev/zero of=${mountpoint}/filler bs=4k 2>/dev/null || true`]);
    await store.images.remove('second:1', { force: false, noPrune: false });
    rmSync(join(mountpoint, 'filler'));
    await expectOnlyTheFirst();
  });
});
