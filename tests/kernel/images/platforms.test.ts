import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf } from '@berth/oci';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { HOST_PLATFORM, type MadeImage, makeImage, writeLayout } from '../../support/registry-images.ts';
import { bytesOf, load, openImageStore, piecesOf } from './image-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-platforms-'));
afterAll(() => rmSync(folder, { recursive: true }));
let store: Awaited<ReturnType<typeof openImageStore>>;
beforeEach(async () => {
  store = await openImageStore();
});
afterEach(() => store.close());

const OTHER = { os: 'linux', architecture: 's390x' };
const ARM = { os: 'linux', architecture: 'arm', variant: 'v6' };
const common = [{ path: 'common', content: 'all have it' }];
const of = (platform: MadeImage['platform'], content: string) =>
  makeImage({ layers: [common, [{ path: 'file', content }]], platform });
const host = of(HOST_PLATFORM, 'host');
const other = of(OTHER, 'other');
const arm = of(ARM, 'arm');
const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v0.1"}');
const attestation = makeAttestation(host.digest);
const NAME = 'example.org/app:1';

/** An index as BuildKit writes it: platforms, and a manifest that speaks of one of them. */
const index = makeMany([other, host, arm], attestation);

function descriptor(bytes: Buffer, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function makeAttestation(subject: string): MadeImage {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'unknown',
      os: 'unknown',
      rootfs: { type: 'layers', diff_ids: [digestOf(statement)] },
    }),
  );
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: host.mediaType,
      config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [descriptor(statement, 'application/vnd.in-toto+json')],
    }),
  );
  const blobs = new Map([config, statement].map((blob) => [digestOf(blob), blob]));
  return { ...host, bytes, digest: digestOf(bytes), blobs, platform: { os: 'unknown', architecture: subject } };
}

function makeMany(images: MadeImage[], about: MadeImage): MadeImage {
  const manifests = [
    ...images.map((image) => ({ ...descriptor(image.bytes, image.mediaType), platform: image.platform })),
    {
      ...descriptor(about.bytes, about.mediaType),
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': host.digest },
    },
  ];
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  const blobs = new Map([...images, about].flatMap((image) => [...image.blobs, [image.digest, image.bytes] as const]));
  return { ...images[0]!, mediaType, bytes, digest: digestOf(bytes), blobs };
}

/** A tar of a layout of the image, without the blobs that `leave` names. */
function archive(image: MadeImage = index, leave: readonly string[] = []): Buffer {
  const layout = join(folder, 'layout');
  rmSync(layout, { recursive: true, force: true });
  writeLayout(layout, NAME, image);
  for (const digest of leave) rmSync(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)));
  return execFileSync('tar', ['-C', layout, '-c', '.'], { maxBuffer: 1 << 26 });
}

const summaries = async () => {
  const listed = await store.images.list({ all: true, filters: {}, sharedSize: true });
  return store.images.withManifests(listed);
};
const id = (image: MadeImage) => image.configDigest;
const nothing = { layers: [], blobs: [], ingest: [] };

test('all platforms of a layout come under the name, that for this host in front', async () => {
  const { loaded, text } = await load(store.images, archive());
  expect(text).toBe(`Loaded image: ${NAME}\n`);
  expect(loaded.map((image) => image.id)).toEqual([id(host)]);
  const [image, ...more] = await summaries();
  expect(more).toEqual([]);
  // One layer is common to all.
  expect(image).toMatchObject({ Id: id(host), RepoTags: [NAME], Size: 'all have it'.length + 'hostotherarm'.length });
  expect(image!.Manifests.map(({ ID, Kind, Available }) => [ID, Kind, Available])).toEqual([
    [other.digest, 'image', true],
    [host.digest, 'image', true],
    [arm.digest, 'image', true],
    [attestation.digest, 'attestation', true],
  ]);
  expect(image!.Manifests[2]).toMatchObject({
    ImageData: { Platform: ARM, Size: { Unpacked: 'all have itarm'.length } },
  });
  expect(image!.Manifests[3]).toMatchObject({
    AttestationData: { For: host.digest },
    Size: {
      Content: attestation.bytes.length + [...attestation.blobs.values()].reduce((sum, blob) => sum + blob.length, 0),
    },
  });
  expect(store.onDisk().layers).toHaveLength(4);
});

test('each platform can be asked for', async () => {
  await load(store.images, archive());
  expect(store.images.inspect(NAME).Id).toBe(id(host));
  expect(store.images.inspect(NAME, 'linux/s390x')).toMatchObject({
    Id: id(other),
    RepoTags: [NAME],
    Architecture: 's390x',
  });
  expect(store.images.inspect(NAME, '{"os":"linux","architecture":"arm","variant":"v7"}').Id).toBe(id(arm));
  expect(store.images.history(NAME, 'linux/s390x')[0]).toMatchObject({ Id: id(other), Tags: [NAME] });
  expect(store.images.resolve(NAME, 'linux/s390x').id).toBe(id(other));
  expect(store.images.layerDirectories(id(other))).toHaveLength(2);
  const refusal = `image with reference ${NAME} was found but does not provide the specified platform (linux/riscv64)`;
  expect(() => store.images.resolve(NAME, 'riscv64')).toThrow(refusal);
  // Nobody sees the others by themselves.
  expect(() => store.images.resolve(id(other).slice(7, 20))).toThrow('No such image');
});

test('what is saved of it is the same index, byte for byte, and loads as the same', async () => {
  await load(store.images, archive());
  const saved = await bytesOf(await store.images.save([NAME]));
  await store.images.remove(NAME, { force: false, noPrune: false });
  expect(store.onDisk()).toEqual(nothing);
  await load(store.images, saved);
  expect((await summaries())[0]!.Manifests).toHaveLength(4);
  expect((await bytesOf(await store.images.save([NAME]))).equals(saved)).toBe(true);
  expect(existsSync(store.images.blobs.path(index.digest as Digest))).toBe(true);
});

test('one platform is saved as an image of its own', async () => {
  await load(store.images, archive());
  const saved = await bytesOf(await store.images.save([NAME], ['linux/s390x']));
  await store.images.remove(NAME, { force: false, noPrune: false });
  const { loaded } = await load(store.images, saved);
  expect(loaded[0]).toMatchObject({ id: id(other), tags: [NAME], manifest: other.digest });
  await expect(store.images.save([NAME], ['linux/riscv64'])).rejects.toThrow('does not provide the specified platform');
});

test('one platform is loaded, and one that is not there refused without a trace', async () => {
  const loadFor = (platform: string) =>
    store.images.load(piecesOf(archive()), { onProgress: () => {}, quiet: true, platform });
  await expect(loadFor('linux/riscv64')).rejects.toThrow('does not provide the specified platform (linux/riscv64)');
  expect(store.onDisk()).toEqual(nothing);
  const [image] = await loadFor('linux/arm/v6');
  expect(image!.id).toBe(id(arm));
  const [{ Manifests } = { Manifests: [] }] = await summaries();
  expect(Manifests.map(({ Available }) => Available)).toEqual([false, false, true, false]);
});

test('what is not in the archive is told as not here', async () => {
  await load(store.images, archive(index, [other.layerDigests[1]!, arm.digest]));
  const [{ Manifests } = { Manifests: [] }] = await summaries();
  expect(Manifests.map(({ Available }) => Available)).toEqual([false, true, false, true]);
  await expect(load(store.images, archive(index, [...new Set([host, other, arm].map(id))]))).rejects.toThrow(
    /it has no image/,
  );
});

test('a platform is removed by itself, also the one in front', async () => {
  const remove = (platforms: string[], force = false) =>
    store.images.remove(NAME, { force, noPrune: false, platforms });
  await load(store.images, archive());
  expect((await remove(['linux/s390x']))[0]).toEqual({ Deleted: id(other) });
  expect((await summaries())[0]!.Manifests.map(({ Available }) => Available)).toEqual([false, true, true, true]);
  expect(store.onDisk().layers).toHaveLength(3);
  expect((await remove(['linux']))[0]).toEqual({ Deleted: id(host) });
  expect(store.images.resolve(NAME)).toMatchObject({ id: id(arm), tags: [NAME] });
  await expect(remove(['linux/s390x'])).rejects.toThrow('does not provide the specified platform');
  expect(await remove(['linux/arm/v7'])).toEqual(expect.arrayContaining([{ Untagged: NAME }, { Deleted: id(arm) }]));
  expect(store.onDisk()).toEqual(nothing);
});

test('all platforms at once are the image', async () => {
  await load(store.images, archive());
  const platforms = ['linux/s390x', 'linux', 'linux/arm/v6'];
  const items = await store.images.remove(NAME, { force: false, noPrune: false, platforms });
  expect(items).toContainEqual({ Untagged: NAME });
  expect(store.onDisk()).toEqual(nothing);
});

test('containers of a platform keep it', async () => {
  await load(store.images, archive());
  store.containers.push({ id: 'c'.repeat(64), name: 'c', running: true, image: id(other) });
  expect((await summaries())[0]!.Manifests[0]).toMatchObject({ ImageData: { Containers: ['c'.repeat(64)] } });
  const options = { force: false, noPrune: false };
  await expect(store.images.remove(NAME, { ...options, platforms: ['linux/s390x'] })).rejects.toThrow(/using|used/);
  await expect(store.images.remove(NAME, options)).rejects.toThrow(
    'container cccccccccccc is using its referenced image',
  );
  store.containers[0]!.running = false;
  await store.images.remove(NAME, { force: true, noPrune: false });
  expect(store.images.layerDirectories(id(other))).toHaveLength(2);
  store.containers.length = 0;
  await store.images.forgetRemoved();
  expect(store.onDisk()).toEqual(nothing);
});

test('a platform that has a name of its own as well outlives the image, and the reverse', async () => {
  const options = { force: false, noPrune: false };
  await load(store.images, archive());
  await load(store.images, archive({ ...other }));
  // The same name: the one image lost it, and is there by its id.
  expect(store.images.resolve(NAME).id).toBe(id(other));
  await store.images.remove(id(host), options);
  expect(store.images.resolve(NAME)).toMatchObject({ id: id(other) });
  expect(store.onDisk().layers).toHaveLength(2);
  await load(store.images, archive());
  expect(store.images.resolve(NAME).id).toBe(id(host));
  await store.images.remove(id(other), options);
  expect(store.images.resolve(NAME, 'linux/s390x').id).toBe(id(other));
  await store.images.remove(NAME, options);
  expect(store.onDisk()).toEqual(nothing);
});

test('platforms whose image never came are swept', async () => {
  await load(store.images, archive());
  store.db.exec(`DELETE FROM images WHERE id = '${id(host)}'`);
  const { root } = store;
  await store.suspend();
  store = await openImageStore(root);
  expect(await summaries()).toEqual([]);
  expect(store.onDisk()).toEqual(nothing);
});
