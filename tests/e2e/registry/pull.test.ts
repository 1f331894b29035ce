import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseReference } from '@berth/oci';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, fail, startFakeRegistry } from '../../support/registry-fake.ts';
import { HOST_PLATFORM, makeImage, makeIndex, publish } from '../../support/registry-images.ts';
import { type OpenStore, openStore, statesOf } from './open-store.ts';

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
const blobRequests = () => registry.seen.filter(({ method, url }) => method === 'GET' && url.includes('/blobs/'));
const short = (digest: string) => digest.slice('sha256:'.length, 'sha256:'.length + 12);
const readFile = (name: string, at = 'file') => {
  const [top] = store.images.layerDirectories(store.images.resolve(name).id);
  return readFileSync(path.join(top!, at), 'utf8');
};
const nothingHere = async () => {
  expect(await store.images.list({ all: true, filters: {}, sharedSize: false })).toEqual([]);
  expect(await store.images.blobs.list()).toEqual([]);
  expect(
    readdirSync(
      path.join(path.dirname(path.dirname(store.images.blobs.path(`sha256:${'0'.repeat(64)}`))), '..', 'ingest'),
    ),
  ).toEqual([]);
};

describe('pull', () => {
  it.each([
    { compression: 'gzip', docker: false },
    { compression: 'gzip', docker: true },
    { compression: 'zstd', docker: false },
    { compression: 'none', docker: false },
  ] as const)('brings an image: %o', async (kind) => {
    const image = makeImage({ ...kind, layers: [file('bottom'), file('top')], config: { Cmd: ['sh'] } });
    publish(registry, 'a/b', 'v1', image);
    const name = `${registry.domain}/a/b:v1`;
    const said = await store.pull(name);

    expect(readFile(name)).toBe('top');
    const here = store.images.resolve(name);
    expect(here).toMatchObject({ id: image.configDigest, manifest: image.digest, tags: [name] });
    expect(here.digests).toEqual([`${registry.domain}/a/b@${image.digest}`]);
    expect(said[0]).toEqual({ status: 'Pulling from a/b', id: 'v1' });
    expect(said.slice(-2)).toEqual([
      { status: `Digest: ${image.digest}` },
      { status: `Status: Downloaded newer image for ${name}` },
    ]);
    for (const digest of image.layerDigests) {
      expect(statesOf(said, short(digest))).toEqual([
        'Pulling fs layer',
        'Downloading',
        'Verifying Checksum',
        'Download complete',
        'Extracting',
        'Pull complete',
      ]);
    }
    expect(store.events).toContain(`pull ${name}`);
  });

  it('chooses the host’s platform from an index, or the one that is asked for', async () => {
    const other = { os: 'linux', architecture: 's390x' };
    const [mine, foreign] = [
      makeImage({ layers: [file('mine')] }),
      makeImage({ layers: [file('foreign')], platform: other }),
    ];
    const index = makeIndex([foreign, mine]);
    publish(registry, 'multi', 'latest', index);
    const name = `${registry.domain}/multi`;
    const said = await store.pull(`${name}:latest`);
    expect(readFile(name)).toBe('mine');
    expect(said.at(-2)).toEqual({ status: `Digest: ${index.digest}` });
    expect(store.images.resolve(name).digests).toEqual([`${name}@${index.digest}`]);

    await store.pull(`${name}:latest`, { platform: 'linux/s390x' });
    expect(store.images.resolve(name).config.architecture).toBe('s390x');
    await store.pull(`${name}:latest`);
    expect(store.images.resolve(name).config.architecture).toBe(HOST_PLATFORM.architecture);

    await expect(store.pull(`${name}:latest`, { platform: 'linux/riscv64' })).rejects.toMatchObject({
      code: 'not-found',
      message: 'no matching manifest for linux/riscv64 in the manifest list entries',
      hint: expect.stringContaining('linux/s390x'),
    });
  });

  it('says when there is nothing new, by one HEAD', async () => {
    publish(registry, 'a/b', 'latest', makeImage({ layers: [file('x')] }));
    const name = `${registry.domain}/a/b:latest`;
    await store.pull(name);
    registry.seen.length = 0;
    expect((await store.pull(name)).at(-1)).toEqual({ status: `Status: Image is up to date for ${name}` });
    expect(registry.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v2/',
      'HEAD /v2/a/b/manifests/latest',
    ]);
  });

  it('downloads only layers that are not here', async () => {
    const [one, two] = [
      makeImage({ layers: [file('shared'), file('1')] }),
      makeImage({ layers: [file('shared'), file('2')] }),
    ];
    publish(registry, 'a', 'latest', one);
    publish(registry, 'b', 'latest', two);
    await store.pull(`${registry.domain}/a:latest`);
    registry.seen.length = 0;
    const said = await store.pull(`${registry.domain}/b:latest`);
    expect(statesOf(said, short(two.layerDigests[0]!))).toEqual(['Already exists']);
    expect(blobRequests()).toHaveLength(2); // configuration and one layer
  });

  it('gives an image that is here another name without fetching layers', async () => {
    const [gzip, zstd] = (['gzip', 'zstd'] as const).map((compression) =>
      makeImage({ layers: [file('same')], compression }),
    );
    publish(registry, 'a', 'latest', gzip!);
    publish(registry, 'b', 'latest', zstd!);
    await store.pull(`${registry.domain}/a:latest`);
    registry.seen.length = 0;
    await store.pull(`${registry.domain}/b:latest`);
    expect(blobRequests()).toEqual([]);
    const { tags, digests } = store.images.resolve(`${registry.domain}/b:latest`);
    expect(tags).toHaveLength(2);
    expect(digests).toContain(`${registry.domain}/b@${zstd!.digest}`);
  });

  it('by digest gets no tag; a tag beside a digest is not moved', async () => {
    const image = makeImage({ layers: [file('x')] });
    publish(registry, 'a', 'latest', image);
    const name = `${registry.domain}/a`;
    const said = await store.pull(`${name}:some@${image.digest}`);
    expect(store.images.resolve(`${name}@${image.digest}`)).toMatchObject({ id: image.configDigest, tags: [] });
    expect(said[0]).toEqual({ status: 'Pulling from a', id: image.digest });
    expect(said.at(-1)).toEqual({ status: `Status: Downloaded newer image for ${name}@${image.digest}` });
  });

  it('of a repository brings all tags', async () => {
    for (const tag of ['one', 'two']) publish(registry, 'a', tag, makeImage({ layers: [file(tag)] }));
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/tags/list')) return false;
      response.end('{"name":"a","tags":["one","two"]}');
      return true;
    };
    await store.pull(`${registry.domain}/a`);
    expect([readFile(`${registry.domain}/a:one`), readFile(`${registry.domain}/a:two`)]).toEqual(['one', 'two']);
  });

  it('survives connections that break in the middle of layers', async () => {
    const image = makeImage({
      layers: [file(randomBytes(2_000_000)), file(randomBytes(1_000_000)), file('end')],
      compression: 'gzip',
    });
    publish(registry, 'a', 'latest', image);
    let cuts = 4;
    registry.intercept = (request, response) => {
      const bytes = registry.blobs.get((request.url ?? '').split('/').at(-1)!);
      if (bytes === undefined || bytes.byteLength < 100_000 || cuts-- <= 0) return false;
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const range = from === 0 ? {} : { 'content-range': `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}` };
      response.writeHead(from === 0 ? 200 : 206, { 'content-length': bytes.byteLength - from, ...range });
      response.write(bytes.subarray(from, from + 150_000), () => response.destroy());
      return true;
    };
    await store.pull(`${registry.domain}/a:latest`);
    expect(cuts).toBeLessThanOrEqual(0);
    expect(readFile(`${registry.domain}/a:latest`)).toBe('end');
  });

  it('asked for twice at once runs once', async () => {
    publish(registry, 'a', 'latest', makeImage({ layers: [file(randomBytes(500_000)), file('x')] }));
    const name = `${registry.domain}/a:latest`;
    const [one, two] = await Promise.all([store.pull(name), store.pull(name)]);
    expect(one.at(-1)).toEqual(two.at(-1));
    expect(registry.seen.filter(({ url }) => url.includes('/manifests/'))).toHaveLength(1);
    expect(store.events).toEqual([`pull ${name}`]);
  });

  it('of two images at once downloads a layer of both once', async () => {
    const shared = randomBytes(800_000);
    publish(registry, 'a', 'latest', makeImage({ layers: [file(shared), file('a')] }));
    publish(registry, 'b', 'latest', makeImage({ layers: [file(shared), file('b')] }));
    await Promise.all([store.pull(`${registry.domain}/a:latest`), store.pull(`${registry.domain}/b:latest`)]);
    expect(blobRequests()).toHaveLength(5); // two configurations, two own layers, the shared one
  });

  it('with the same layer twice in one image brings it once', async () => {
    publish(registry, 'a', 'latest', makeImage({ layers: [file('x'), file('y'), file('x')] }));
    await store.pull(`${registry.domain}/a:latest`);
    expect(blobRequests()).toHaveLength(3);
  });
});

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

  it('when the caller goes away', async () => {
    publish(registry, 'a', 'latest', makeImage({ layers: [file(randomBytes(3_000_000))] }));
    const abort = new AbortController();
    const pulling = store.pull(name(), {
      signal: abort.signal,
      onProgress: ({ status }) => status === 'Downloading' && abort.abort(),
    });
    await expect(pulling).rejects.toMatchObject({ code: 'canceled' });
    await store.transfers.close();
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

describe('distribution inspect', () => {
  it('shows descriptor and platforms of an image and of an index', async () => {
    const image = makeImage({ layers: [file('x')], docker: true });
    const index = makeIndex([
      image,
      makeImage({ layers: [file('y')], platform: { os: 'linux', architecture: 'arm', variant: 'v7' } }),
    ]);
    publish(registry, 'a', 'one', image);
    publish(registry, 'a', 'many', index);
    const inspect = (tag: string) =>
      store.transfers.inspect(parseReference(`${registry.domain}/a:${tag}`), {
        auth: undefined,
        signal: new AbortController().signal,
      });
    expect(await inspect('one')).toEqual({
      Descriptor: { mediaType: image.mediaType, digest: image.digest, size: image.bytes.byteLength },
      Platforms: [HOST_PLATFORM],
    });
    expect(await inspect('many')).toEqual({
      Descriptor: { mediaType: index.mediaType, digest: index.digest, size: index.bytes.byteLength },
      Platforms: [HOST_PLATFORM, { os: 'linux', architecture: 'arm', variant: 'v7' }],
    });
    await expect(inspect('none')).rejects.toThrow(/manifest for .*a:none not found/);
  });
});
