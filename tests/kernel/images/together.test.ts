import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '@berth/oci';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { load, openImageStore, piecesOf, smallArchive } from './image-store.ts';
import { archiveOf } from './unpacking.ts';

let store: Awaited<ReturnType<typeof openImageStore>>;
beforeEach(async () => {
  store = await openImageStore();
});
afterEach(() => store.close());

const layer = archiveOf([{ name: 'file', type: 'file', content: 'x'.repeat(200_000) }]);
const request = (source: AsyncIterable<Uint8Array>) => ({
  diffId: digestOf(layer),
  compression: 'none' as const,
  source: { stream: source },
  size: layer.length,
});

test('a layer that several ask for at once is unpacked once, and every archive is compared', async () => {
  const [first, second] = [store.images.lease(), store.images.lease()];
  let reads = 0;
  async function* counted() {
    reads++;
    yield* piecesOf(layer);
  }
  const other = archiveOf([{ name: 'file', type: 'file', content: 'y'.repeat(200_000) }]);
  const [, , refused] = await Promise.allSettled([
    first.unpack(request(counted())),
    second.unpack(request(counted())),
    second.unpack(request(piecesOf(other))),
  ]);
  expect(reads).toBe(2);
  expect(refused).toMatchObject({ reason: { code: 'invalid' } });
  expect(store.onDisk().layers).toHaveLength(1);
  await first.close();
  expect(store.onDisk().layers).toHaveLength(1);
  await second.close();
  expect(store.onDisk().layers).toEqual([]);
});

test('the failure of one is not the failure of another that waits for the same layer', async () => {
  await using first = store.images.lease();
  await using second = store.images.lease();
  const abort = new AbortController();
  const stalled = Promise.withResolvers<void>();
  async function* stalls() {
    yield layer.subarray(0, 1000);
    stalled.resolve();
    await new Promise<never>(() => undefined);
  }
  const failing = first.unpack({ ...request(stalls()), signal: abort.signal });
  const failed = expect(failing).rejects.toMatchObject({ code: 'canceled' });
  await stalled.promise;
  const waiting = second.unpack(request(piecesOf(layer)));
  abort.abort();
  await failed;
  await waiting;
  expect(second.hasLayer(digestOf(layer))).toBe(true);
});

test('loading, removing and pruning at the same time', async () => {
  const rounds = Array.from({ length: 6 }, (_, n) => n);
  await Promise.all(
    rounds.map(async (n) => {
      await load(store.images, smallArchive([`shared:${n}`], 'the same layer', { Env: [`N=${n}`] }));
      if (n % 2 === 0) await store.images.remove(`shared:${n}`, { force: false, noPrune: false });
      await store.images.prune({});
    }),
  );
  const left = await store.images.list({ all: true, filters: {}, sharedSize: false });
  expect(left.map((image) => image.RepoTags[0]).sort()).toEqual(['shared:1', 'shared:3', 'shared:5']);
  for (const { Id } of left) {
    const image = store.images.resolve(Id);
    expect(readFileSync(join(store.images.layerDirectories(image.id)[0]!, 'file'), 'utf8')).toBe('the same layer');
  }
  // One layer archive, and a configuration and a manifest each.
  expect(store.onDisk()).toMatchObject({ layers: { length: 1 }, blobs: { length: 7 }, ingest: [] });
});

test('closing while a layer comes in ends the work', async () => {
  const lease = store.images.lease();
  const started = Promise.withResolvers<void>();
  async function* stalls() {
    started.resolve();
    await new Promise<never>(() => undefined);
    yield layer;
  }
  const unpacking = lease.unpack(request(stalls()));
  const ended = expect(unpacking).rejects.toMatchObject({ code: 'canceled' });
  await started.promise;
  await store.images.close();
  await ended;
  await lease.close();
  expect(store.onDisk().layers).toEqual([]);
});
