import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseReference } from '@berth/oci';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../../support/registry-fake.ts';
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

  it('brings a layer of several gzip members, as eStargz has them', async () => {
    const plain = makeImage({ layers: [file('inside')], compression: 'none' });
    publish(registry, 'a/b', 'v1', plain);
    const archive = plain.blobs.get(plain.layerDigests[0]!)!;
    const members = [archive.subarray(0, 700), archive.subarray(700), Buffer.alloc(0)].map((part) => gzipSync(part));
    const layer = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      ...registry.addBlob(Buffer.concat(members)),
      annotations: { 'containerd.io/snapshot/stargz/toc.digest': plain.digest },
    };
    const manifest = { ...(JSON.parse(plain.bytes.toString()) as object), layers: [layer] };
    registry.addManifest('a/b', 'v1', plain.mediaType, manifest);
    await store.pull(`${registry.domain}/a/b:v1`);
    expect(readFile(`${registry.domain}/a/b:v1`)).toBe('inside');
  });

  it('refuses an artifact that is no image, naming what it is', async () => {
    const artifact = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.example.sbom.v1',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', ...registry.addBlob('{}') },
      layers: [{ mediaType: 'application/vnd.example.sbom.v1+json', ...registry.addBlob('{"sbom":1}') }],
    };
    registry.addManifest('a/b', 'sbom', artifact.mediaType, artifact);
    await expect(store.pull(`${registry.domain}/a/b:sbom`)).rejects.toMatchObject({
      code: 'not-supported',
      message: 'this is not a container image: it is an artifact of type "application/vnd.example.sbom.v1"',
    });
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
