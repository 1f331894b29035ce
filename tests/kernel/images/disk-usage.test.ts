import { afterAll, beforeAll, expect, test } from 'vitest';
import { dockerArchive, type ImageRecipe } from '../../support/images.ts';
import { load, openImageStore } from './image-store.ts';

let store: Awaited<ReturnType<typeof openImageStore>>;
beforeAll(async () => {
  store = await openImageStore();
});
afterAll(() => store.close());

const file = (path: string, size: number) => [{ path, content: path[0]!.repeat(size) }];
const image = (tag: string, files: ImageRecipe['files'], ...above: ImageRecipe['files'][]): ImageRecipe => ({
  ...{ tags: [tag], files, above, config: { Labels: { tag } } },
});

/** Sizes of layers by what shares them: the base by three, a middle by two, the rest by one. */
const [BASE, MIDDLE, ONE, TWO, ALONE] = [1000, 200, 30, 4, 50_000];

test('what images have alone and what they share adds up to what all layers have', async () => {
  await load(
    store.images,
    dockerArchive([
      image('one:1', file('base', BASE), file('middle', MIDDLE), file('one', ONE)),
      image('two:1', file('base', BASE), file('middle', MIDDLE), file('two', TWO)),
      image('three:1', file('base', BASE)),
      image('alone:1', file('alone', ALONE)),
    ]),
  );
  const listed = await store.images.list({ all: true, filters: {}, sharedSize: true });
  const byName = Object.fromEntries(
    listed.map(({ RepoTags, Size, SharedSize }) => [
      RepoTags[0] ?? '',
      { Size, SharedSize, unique: Size - SharedSize },
    ]),
  );
  expect(byName).toEqual({
    'one:1': { Size: BASE + MIDDLE + ONE, SharedSize: BASE + MIDDLE, unique: ONE },
    'two:1': { Size: BASE + MIDDLE + TWO, SharedSize: BASE + MIDDLE, unique: TWO },
    'three:1': { Size: BASE, SharedSize: BASE, unique: 0 },
    'alone:1': { Size: ALONE, SharedSize: 0, unique: ALONE },
  });
  const unique = listed.reduce((sum, { Size, SharedSize }) => sum + Size - SharedSize, 0);
  expect(store.images.layersSize()).toBe(unique + BASE + MIDDLE);
});

test('what a removal says it frees is what is gone', async () => {
  const before = store.images.layersSize();
  const { SpaceReclaimed } = await store.images.prune({ dangling: ['false'], label: ['tag=one:1'] });
  expect([SpaceReclaimed, store.images.layersSize()]).toEqual([ONE, before - ONE]);
  // The middle is the last one's alone now.
  expect((await store.images.prune({ dangling: ['false'], label: ['tag=two:1'] })).SpaceReclaimed).toBe(MIDDLE + TWO);
  expect((await store.images.prune({ dangling: ['false'] })).SpaceReclaimed).toBe(BASE + ALONE);
  expect(store.images.layersSize()).toBe(0);
  expect(store.onDisk()).toEqual({ layers: [], blobs: [], ingest: [] });
});
