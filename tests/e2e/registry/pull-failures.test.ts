import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, fail, startFakeRegistry } from '../../support/registry-fake.ts';
import { HOST_PLATFORM, makeImage, publish } from '../../support/registry-images.ts';
import { type OpenStore, openStore } from './open-store.ts';

let registry: FakeRegistry;
let store: OpenStore;
beforeEach(async () => {
  registry = await startFakeRegistry();
  store = await openStore();
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await registry.close();
});

const file = (content: string | Buffer) => [{ path: 'file', content }];
const nothingHere = async () => {
  expect(await store.images.list({ all: true, filters: {}, sharedSize: false })).toEqual([]);
  expect(await store.images.blobs.list()).toEqual([]);
  expect(readdirSync(path.join(store.dataRoot, 'ingest'))).toEqual([]);
  expect(readdirSync(path.join(store.dataRoot, 'l'))).toEqual(['empty']);
};

describe('a pull that fails leaves nothing', () => {
  const name = () => `${registry.domain}/a:latest`;

  it('when the content of a layer is another', async () => {
    const image = makeImage({ layers: [file('good'), file(randomBytes(400_000))] });
    publish(registry, 'a', 'latest', image);
    const wrong = makeImage({ layers: [file(randomBytes(400_000))] });
    registry.blobs.set(image.layerDigests[1]!, wrong.blobs.get(wrong.layerDigests[0]!)!);
    await expect(store.pull(name())).rejects.toMatchObject({ code: 'invalid' });
    await nothingHere();
  });

  it('when only the archive’s own digest is right', async () => {
    const image = makeImage({ layers: [file('good')] });
    const document = JSON.parse(image.blobs.get(image.configDigest)!.toString());
    document.rootfs.diff_ids = [`sha256:${'1'.repeat(64)}`];
    const config = registry.addBlob(JSON.stringify(document));
    const manifest = JSON.parse(image.bytes.toString());
    publish(registry, 'a', 'latest', image);
    registry.addManifest('a', 'latest', image.mediaType, { ...manifest, config: { ...manifest.config, ...config } });
    await expect(store.pull(name())).rejects.toMatchObject({ code: 'invalid' });
    await nothingHere();
  });

  it('when the caller goes away, but the part that came', async () => {
    const image = makeImage({ layers: [file(randomBytes(3_000_000))], compression: 'none' });
    publish(registry, 'a', 'latest', image);
    const abort = new AbortController();
    const pulling = store.pull(name(), {
      signal: abort.signal,
      onProgress: ({ progressDetail }) => (progressDetail?.current ?? 0) > 500_000 && abort.abort(),
    });
    await expect(pulling).rejects.toMatchObject({ code: 'canceled' });
    await store.transfers.close();
    const part = `partial-${image.layerDigests[0]!.slice('sha256:'.length)}`;
    expect(readdirSync(path.join(store.dataRoot, 'ingest'))).toEqual([part]);
    await store.images.prune({});
    await nothingHere();
  });

  it.each([
    ['foreign layers', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', /foreign layers are not supported/],
    [
      'nondistributable layers',
      'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      /foreign layers are not supported/,
    ],
    ['unknown layers', 'application/vnd.example.layer', /unsupported layer media type/],
  ])('when it has %s', async (_what, mediaType, wording) => {
    const image = makeImage({ layers: [file('x')] });
    publish(registry, 'a', 'latest', image);
    const manifest = JSON.parse(image.bytes.toString());
    registry.addManifest('a', 'latest', image.mediaType, {
      ...manifest,
      layers: [{ ...manifest.layers[0], mediaType }],
    });
    await expect(store.pull(name())).rejects.toThrow(wording);
    await nothingHere();
  });

  it('when it is no image, of schema 1, or for another system', async () => {
    const image = makeImage({ layers: [file('x')] });
    const manifest = JSON.parse(image.bytes.toString());
    publish(registry, 'a', 'latest', image);
    registry.addManifest('a', 'latest', image.mediaType, {
      ...manifest,
      config: { ...manifest.config, mediaType: 'application/vnd.cncf.helm.config.v1+json' },
    });
    await expect(store.pull(name())).rejects.toThrow(/not a container image/);

    const schema1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    registry.addManifest('a', 'latest', schema1, { schemaVersion: 1, fsLayers: [] });
    await expect(store.pull(name())).rejects.toThrow(/schema 1 is not supported/);

    publish(
      registry,
      'a',
      'latest',
      makeImage({ layers: [file('x')], platform: { os: 'windows', architecture: 'amd64' } }),
    );
    await expect(store.pull(name())).rejects.toThrow(
      'image operating system "windows" cannot be used on this platform',
    );

    publish(registry, 'a', 'latest', makeImage({ layers: [file('x')] }));
    await expect(store.pull(name(), { platform: 'linux/mips' })).rejects.toThrow(
      /does not provide the specified platform \(linux\/mips\)/,
    );
    await nothingHere();
  });

  it('when a document claims to be large, or to be two things', async () => {
    const image = makeImage({ layers: [file('x')] });
    const manifest = JSON.parse(image.bytes.toString());
    publish(registry, 'a', 'latest', image);
    const huge = { ...manifest.config, size: 5 * 1024 ** 3 };
    registry.addManifest('a', 'latest', image.mediaType, { ...manifest, config: huge });
    await expect(store.pull(name())).rejects.toThrow(/image configuration is larger than/);
    const more = { ...manifest.config, size: manifest.config.size + 1 };
    registry.addManifest('a', 'latest', image.mediaType, { ...manifest, config: more });
    await expect(store.pull(name())).rejects.toMatchObject({ code: 'invalid' });
    registry.addManifest('a', 'latest', image.mediaType, { ...manifest, manifests: [] });
    await expect(store.pull(name())).rejects.toThrow(/members of a manifest and of an index/);
    registry.addManifest('a', 'latest', 'application/vnd.oci.image.index.v1+json', manifest);
    await expect(store.pull(name())).rejects.toThrow(/and came as/);
    await nothingHere();
  });

  it('when an index leads in a circle of indexes', async () => {
    const type = 'application/vnd.oci.image.index.v1+json';
    let entry = { mediaType: type, digest: `sha256:${'0'.repeat(64)}`, size: 2 };
    for (let n = 0; n < 6; n++) {
      const next = registry.addManifest('a', 'latest', type, {
        schemaVersion: 2,
        mediaType: type,
        manifests: [{ ...entry, platform: HOST_PLATFORM }],
      });
      entry = next;
    }
    await expect(store.pull(name())).rejects.toThrow(/index of indexes/);
    await nothingHere();
  });
});

describe('the configuration of an honest image with other archives', () => {
  const layers = [file('below'), file('above')];
  const honest = makeImage({ layers });
  /** Has its layers, under another configuration. */
  const cousin = makeImage({ layers, config: { Cmd: ['x'] } });
  const evil = makeImage({ layers: [file('evil'), file('more')] });
  const manifestOf = (image: typeof honest) => JSON.parse(image.bytes.toString());
  const own = manifestOf(honest);
  const [below, above] = own.layers;

  beforeEach(async () => {
    publish(registry, 'honest', '1', honest);
    publish(registry, 'cousin', '1', cousin);
    publish(registry, 'evil', '1', evil);
    await store.pull(`${registry.domain}/cousin:1`);
  });

  it.each([
    ['of the registry', [below, manifestOf(evil).layers[0]], []],
    ['that other images have', [below, manifestOf(evil).layers[1]], ['evil']],
    ['in another order', [above, below], []],
  ])('is refused: archives %s', async (_which, others, before) => {
    for (const one of before) await store.pull(`${registry.domain}/${one}:1`);
    const kept = (await store.images.blobs.list()).sort();
    registry.addManifest('trap', '1', honest.mediaType, { ...own, layers: others });
    await expect(store.pull(`${registry.domain}/trap:1`)).rejects.toThrow(/its content has digest sha256:/);
    expect((await store.images.blobs.list()).sort()).toEqual(kept);
    await store.pull(`${registry.domain}/honest:1`);
    expect((await store.images.manifestOf(honest.configDigest)).descriptor.digest).toBe(honest.digest);
  });

  it('but the same layer packed otherwise is taken', async () => {
    const other = makeImage({ layers, compression: 'zstd' });
    publish(registry, 'other', '1', other);
    await store.pull(`${registry.domain}/other:1`);
    expect((await store.images.manifestOf(other.configDigest)).descriptor.digest).toBe(other.digest);
  });
});

describe('what a registry says about a pull is worded as Docker’s', () => {
  it.each([
    [
      404,
      'MANIFEST_UNKNOWN',
      'manifest unknown',
      'not-found',
      'manifest for NAME:latest not found: manifest unknown: manifest unknown',
    ],
    [
      404,
      'NAME_UNKNOWN',
      'repository name not known to registry',
      'not-found',
      'repository NAME not found: name unknown: repository name not known to registry',
    ],
    [
      403,
      'DENIED',
      'requested access to the resource is denied',
      'not-found',
      "pull access denied for NAME, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ],
    [401, 'UNAUTHORIZED', 'authentication required', 'forbidden', 'unauthorized: authentication required'],
    [
      429,
      'TOOMANYREQUESTS',
      'You have reached your pull rate limit.',
      'unavailable',
      'toomanyrequests: You have reached your pull rate limit.',
    ],
  ])('%d %s', async (status, code, message, ours, words) => {
    registry.intercept = (request, response) => {
      if (request.url === '/v2/') return false;
      fail(response, status, code, message, { 'retry-after': '3600' });
      return true;
    };
    const said: unknown[] = [];
    const pulling = store.pull(`${registry.domain}/a/b:latest`, { onProgress: (one) => said.push(one) });
    await expect(pulling).rejects.toMatchObject({
      code: ours,
      message: words.replace('NAME', `${registry.domain}/a/b`),
    });
    expect(said).toEqual([]);
  });

  it('unreachable', async () => {
    await registry.close();
    await expect(store.pull(`${registry.domain}/a:latest`)).rejects.toMatchObject({
      code: 'unavailable',
      message: `Get "http://${registry.domain}/v2/": dial tcp ${registry.domain}: connect: connection refused`,
      hint: expect.stringContaining('berth image starter hello-world busybox debian'),
    });
  });
});
