import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, parseReference } from '@berth/oci';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Image } from '../../../apps/engine/images/index.ts';
import { dockerArchive } from '../../support/images.ts';
import { load, openImageStore, smallArchive } from './image-store.ts';

let store: Awaited<ReturnType<typeof openImageStore>>;
let image: Image;
beforeEach(async () => {
  store = await openImageStore();
  image = (await load(store.images, smallArchive(['a:1'], 'x'))).loaded[0]!;
  store.events.length = 0;
});
afterEach(() => store.close());

const plain = { force: false, noPrune: false };
const force = { force: true, noPrune: false };
const short = (id: string) => id.replace('sha256:', '').slice(0, 12);
const user = (running: boolean) => ({ id: 'c'.repeat(64), name: 'user', running, image: image.id });
const NOTHING = { layers: [], blobs: [], ingest: [] };

describe('remove', () => {
  test('the last name takes the image with it', async () => {
    const layer = image.config.rootfs.diff_ids[0]!;
    expect(await store.images.remove('a:1', plain)).toEqual([
      { Untagged: 'a:1' },
      { Deleted: image.id },
      { Deleted: layer },
    ]);
    expect(store.onDisk()).toEqual(NOTHING);
    expect(store.events).toEqual([`image untag ${image.id} ${image.id}`, `image delete ${image.id} ${image.id}`]);
    expect(() => store.images.resolve('a:1')).toThrow('No such image: a:1');
    expect(() => store.images.resolve(image.id)).toThrow(`No such image: ${image.id}`);
  });

  test('one of several names only goes itself', async () => {
    store.images.tag('a:1', parseReference('b'));
    expect(await store.images.remove('a:1', plain)).toEqual([{ Untagged: 'a:1' }]);
    expect(store.images.resolve('b').tags).toEqual(['b:latest']);
  });

  test('by id with names in several repositories', async () => {
    store.images.tag('a:1', parseReference('b'));
    await expect(store.images.remove(short(image.id), plain)).rejects.toMatchObject({
      code: 'conflict',
      message: `conflict: unable to delete ${short(image.id)} (must be forced) - image is referenced in multiple repositories`,
    });
    const items = await store.images.remove(image.id, force);
    expect(items.slice(0, 3)).toEqual([{ Untagged: 'a:1' }, { Untagged: 'b:latest' }, { Deleted: image.id }]);
    expect(store.onDisk()).toEqual(NOTHING);
  });

  test('the digests of a repository go with its last tag', async () => {
    const digest = digestOf('manifest');
    store.images.addDigest(image.id, parseReference('a'), digest);
    expect(store.images.resolve(`a@${digest}`).id).toBe(image.id);
    const items = await store.images.remove('a:1', plain);
    expect(items.slice(0, 2)).toEqual([{ Untagged: 'a:1' }, { Untagged: `a@${digest}` }]);
    expect(store.onDisk()).toEqual(NOTHING);
  });

  test('unknown images', async () => {
    await expect(store.images.remove('nothing', force)).rejects.toMatchObject({
      code: 'not-found',
      message: 'No such image: nothing:latest',
    });
  });

  describe('while a container uses the image', () => {
    const using = () => `container ${'c'.repeat(12)}`;

    test('by name', async () => {
      store.containers.push(user(false));
      await expect(store.images.remove('a:1', plain)).rejects.toThrow(
        `conflict: unable to remove repository reference "a:1" (must force) - ${using()} is using its referenced image ${short(image.id)}`,
      );
    });

    test('by id, stopped and running', async () => {
      store.containers.push(user(false));
      await expect(store.images.remove(image.id, plain)).rejects.toThrow(
        `conflict: unable to delete ${short(image.id)} (must be forced) - image is being used by stopped ${using()}`,
      );
      store.containers[0]!.running = true;
      for (const options of [plain, force]) {
        await expect(store.images.remove(image.id, options)).rejects.toThrow(
          `conflict: unable to delete ${short(image.id)} (cannot be forced) - image is being used by running ${using()}`,
        );
      }
      expect(store.images.resolve('a:1').id).toBe(image.id);
    });

    test('by name with force while it runs: only the name goes', async () => {
      store.containers.push(user(true));
      expect(await store.images.remove('a:1', force)).toEqual([{ Untagged: 'a:1' }]);
      expect(store.images.resolve(image.id).tags).toEqual([]);
    });

    test('with force while it is stopped: its layers stay until the container goes', async () => {
      store.containers.push(user(false));
      expect(await store.images.remove('a:1', force)).toEqual([{ Untagged: 'a:1' }, { Deleted: image.id }]);
      expect(() => store.images.resolve(image.id)).toThrow('No such image');
      expect(await store.images.list({ all: true, filters: {}, sharedSize: false })).toEqual([]);
      const [directory] = store.images.layerDirectories(image.id);
      expect(existsSync(join(directory!, 'file'))).toBe(true);
      await store.images.forgetRemoved();
      expect(existsSync(directory!)).toBe(true);
      store.containers.length = 0;
      await store.images.forgetRemoved();
      expect(store.onDisk()).toEqual(NOTHING);
    });

    test('an image that was removed so can come back', async () => {
      store.containers.push(user(false));
      await store.images.remove('a:1', force);
      await load(store.images, smallArchive(['a:1'], 'x'));
      store.containers.length = 0;
      await store.images.forgetRemoved();
      expect(store.images.resolve('a:1')).toEqual(image);
    });
  });

  test('what others still need stays', async () => {
    const files = [{ path: 'file', content: 'x' }];
    await load(store.images, dockerArchive([{ tags: ['same-layer:1'], files, config: { Cmd: ['other'] } }]));
    await store.images.remove('a:1', plain);
    expect(store.onDisk()).toMatchObject({ layers: { length: 1 }, blobs: { length: 3 } });
    const [directory] = store.images.layerDirectories(store.images.resolve('same-layer:1').id);
    expect(existsSync(join(directory!, 'file'))).toBe(true);
  });

  test('what a lease holds stays until the lease ends', async () => {
    const lease = store.images.lease();
    lease.hold(image.id);
    expect(lease.hasLayer(image.config.rootfs.diff_ids[0]!)).toBe(true);
    await store.images.remove('a:1', plain);
    expect(store.onDisk()).toMatchObject({ layers: { length: 1 }, blobs: [image.id.slice(7)] });
    await lease.close();
    expect(store.onDisk()).toEqual(NOTHING);
  });
});

describe('images that others were made of', () => {
  const layered = (parent: Image, comment: string, reference?: string) =>
    store.images.addLayer({
      ...{ parent: parent.id, config: {}, author: '', comment, createdBy: '' },
      layer: (async function* () {
        yield Buffer.alloc(1024);
      })(),
      reference: reference === undefined ? undefined : parseReference(reference),
    });
  const ids = async (all: boolean, filters = {}) =>
    (await store.images.list({ all, filters, sharedSize: false })).map(({ Id }) => Id).sort();
  let step: Image;
  let child: Image;
  beforeEach(async () => {
    step = await layered(image, 'step');
    child = await layered(step, 'child', 'child:1');
  });

  test('are listed with `all` only when they have no name, and are not dangling', async () => {
    expect(await ids(false)).toEqual([image.id, child.id].sort());
    expect(await ids(true)).toEqual([image.id, step.id, child.id].sort());
    expect(await ids(true, { dangling: ['true'] })).toEqual([]);
    expect((await store.images.prune({})).ImagesDeleted).toBeNull();
  });

  test('go with the last of them, up to one with a name', async () => {
    expect(await store.images.remove('child:1', plain)).toEqual([
      { Untagged: 'child:1' },
      { Deleted: child.id },
      { Deleted: step.id },
    ]);
    expect(await ids(true)).toEqual([image.id]);
  });

  test('stay with noPrune, with a container and with another child', async () => {
    const other = await layered(step, 'other', 'other:1');
    expect(await store.images.remove('other:1', plain)).toEqual([{ Untagged: 'other:1' }, { Deleted: other.id }]);
    store.containers.push({ ...user(false), image: step.id });
    expect(await store.images.remove('child:1', plain)).toEqual([{ Untagged: 'child:1' }, { Deleted: child.id }]);
    store.containers.length = 0;
    const third = await layered(step, 'third', 'third:1');
    const noPrune = { force: false, noPrune: true };
    expect(await store.images.remove('third:1', noPrune)).toEqual([{ Untagged: 'third:1' }, { Deleted: third.id }]);
    expect(await ids(false)).toEqual([image.id, step.id].sort());
  });

  test('are pruned with their last child', async () => {
    const top = await layered(step, 'top');
    await store.images.remove('child:1', plain);
    expect((await store.images.prune({})).ImagesDeleted).toEqual([{ Deleted: top.id }, { Deleted: step.id }]);
    expect(await ids(true)).toEqual([image.id]);
  });
});

describe('prune', () => {
  test('takes what has no tag and no container', async () => {
    const dangling = (await load(store.images, smallArchive([], 'dangling!'))).loaded[0]!;
    const used = (await load(store.images, smallArchive([], 'used'))).loaded[0]!;
    store.containers.push({ ...user(false), image: used.id });
    const { ImagesDeleted, SpaceReclaimed } = await store.images.prune({});
    expect(ImagesDeleted).toEqual([{ Deleted: dangling.id }, { Deleted: dangling.config.rootfs.diff_ids[0] }]);
    expect(SpaceReclaimed).toBe(9);
    expect(await store.images.prune({})).toEqual({ ImagesDeleted: null, SpaceReclaimed: 0 });
  });

  test('takes all unused with dangling=false, by label and age', async () => {
    await load(store.images, smallArchive(['kept:1'], 'k', { Labels: { keep: 'yes' } }));
    expect((await store.images.prune({ dangling: ['false'], until: ['2020-01-01'] })).ImagesDeleted).toBeNull();
    const { ImagesDeleted } = await store.images.prune({ dangling: ['false'], 'label!': ['keep'] });
    expect(ImagesDeleted?.[0]).toEqual({ Untagged: 'a:1' });
    expect((await store.images.list({ all: false, filters: {}, sharedSize: false })).map((i) => i.RepoTags)).toEqual([
      ['kept:1'],
    ]);
    await expect(store.images.prune({ nonsense: ['x'] })).rejects.toThrow("invalid filter 'nonsense'");
  });
});

describe('after a crash', () => {
  test('what no row knows is swept at the next start, and images stay whole', async () => {
    const { root } = store;
    await store.suspend();
    mkdirSync(join(root, 'l/abandoned/deep'), { recursive: true });
    writeFileSync(join(root, 'l/abandoned/deep/file'), 'x');
    writeFileSync(join(root, 'blobs/sha256', 'b'.repeat(64)), 'x');
    writeFileSync(join(root, 'ingest/half'), 'x');
    store = await openImageStore(root);
    expect(store.onDisk()).toMatchObject({ ingest: [], layers: { length: 1 }, blobs: { length: 3 } });
    expect(store.images.resolve('a:1')).toEqual(image);
    expect(existsSync(join(store.images.layerDirectories(image.id)[0]!, 'file'))).toBe(true);
  });

  test('a layer that came in without its image is swept', async () => {
    const { root } = store;
    const content = smallArchive([], 'unfinished');
    const lease = store.images.lease();
    const blob = await store.images.blobs.put(content);
    lease.hold(blob.digest);
    await lease.unpack({ diffId: blob.digest, compression: 'none', source: { blob: blob.digest }, size: blob.size });
    expect(store.onDisk().layers).toHaveLength(2);
    // The lease is never closed: the engine was killed.
    await store.suspend();
    store = await openImageStore(root);
    expect(store.onDisk()).toMatchObject({ layers: { length: 1 }, blobs: { length: 3 } });
  });
});
