import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { digestOf, encodeTarFile, encodeTarHeader, OCI, TAR_END } from '@berth/oci';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dockerArchive } from '../../support/images.ts';
import { bytesOf, load, openImageStore, piecesOf, smallArchive } from './image-store.ts';

let store: Awaited<ReturnType<typeof openImageStore>>;
beforeEach(async () => {
  store = await openImageStore();
});
afterEach(() => store.close());

describe('load', () => {
  test('a docker archive, also compressed', async () => {
    const { loaded, text } = await load(store.images, gzipSync(smallArchive(['a:1', 'localhost:5000/b:2'], 'x')));
    expect(text).toBe('Loaded image: a:1\nLoaded image: localhost:5000/b:2\n');
    const image = store.images.resolve('a:1');
    expect(image).toEqual(loaded[0]);
    expect(image).toMatchObject({ tags: ['a:1', 'localhost:5000/b:2'], digests: [], size: 1 });
    const [top] = store.images.layerDirectories(image.id);
    expect(readFileSync(join(top!, 'file'), 'utf8')).toBe('x');
    expect(store.events).toEqual([`image load ${image.id} ${image.id}`]);
    expect(store.onDisk()).toMatchObject({ ingest: [], layers: { length: 1 }, blobs: { length: 3 } });
  });

  test('an image of another platform than is asked for is refused, and nothing of it is kept', async () => {
    const loadFor = (platform: string) =>
      store.images.load(piecesOf(smallArchive(['a:1'], 'x')), { onProgress: () => {}, quiet: true, platform });
    await expect(loadFor('linux/s390x')).rejects.toThrow(
      'image with reference a:1 was found but does not provide the specified platform (linux/s390x)',
    );
    expect(store.onDisk()).toEqual({ layers: [], blobs: [], ingest: [] });
    const { os, architecture } = (await load(store.images, smallArchive(['a:1'], 'x'))).loaded[0]!.config;
    expect(await loadFor(`${os}/${architecture}`)).toHaveLength(1);
  });

  test('an image without a name', async () => {
    const { loaded, text } = await load(store.images, smallArchive([], 'x'));
    expect(text).toBe(`Loaded image ID: ${loaded[0]!.id}\n`);
  });

  test('a tag moves to the new image, and says so', async () => {
    const first = (await load(store.images, smallArchive(['a:1'], 'x'))).loaded[0]!;
    const { text } = await load(store.images, smallArchive(['a:1'], 'y'));
    expect(text).toContain(`The image a:1 already exists, renaming the old one with ID ${first.id} to empty string`);
    expect(store.images.resolve(first.id).tags).toEqual([]);
  });

  test('layers that are shared are unpacked once', async () => {
    const files = [{ path: 'file', content: 'same' }];
    await load(
      store.images,
      dockerArchive([
        { tags: ['a:1'], files, config: {} },
        { tags: ['b:1'], files, config: { Cmd: ['x'] } },
      ]),
    );
    expect(store.onDisk().layers).toHaveLength(1);
    const listed = await store.images.list({ all: false, filters: {}, sharedSize: true });
    expect(listed.map((image) => image.SharedSize)).toEqual([4, 4]);
  });

  test.each([
    ['empty', Buffer.alloc(0)],
    ['no archive', Buffer.alloc(5000, 'x')],
    ['no table of contents', Buffer.concat([encodeTarFile({ name: 'x' }, Buffer.from('y')), TAR_END])],
    ['a name that leads out', withFiles({ '../../x': 'y', 'manifest.json': '[]' })],
    ['an absolute name', withFiles({ '/etc/x': 'y', 'manifest.json': '[]' })],
    ['a config outside', withFiles({ 'manifest.json': '[{"Config":"../../../etc/passwd","Layers":[]}]' })],
    ['a config by absolute path', withFiles({ 'manifest.json': '[{"Config":"/etc/passwd","Layers":[]}]' })],
    ['a table that is no list', withFiles({ 'manifest.json': '{}' })],
    ['a table that is no JSON', withFiles({ 'manifest.json': '[' })],
    ['a blob with other content', withFiles({ [`blobs/sha256/${'0'.repeat(64)}`]: 'x', 'manifest.json': '[]' })],
    [
      'a layer that is missing',
      withFiles({ 'c.json': config([digestOf('x')]), 'manifest.json': '[{"Config":"c.json","Layers":["l.tar"]}]' }),
    ],
    [
      'fewer layers than the configuration has',
      withFiles({ 'c.json': config([digestOf('x')]), 'manifest.json': '[{"Config":"c.json","Layers":[]}]' }),
    ],
    [
      'a layer with other content',
      withFiles({
        'c.json': config([digestOf('x')]),
        'l.tar': TAR_END,
        'manifest.json': '[{"Config":"c.json","Layers":["l.tar"]}]',
      }),
    ],
    [
      'a tag with a digest',
      withFiles({
        'c.json': config([]),
        'manifest.json': `[{"Config":"c.json","Layers":[],"RepoTags":["a@${digestOf('x')}"]}]`,
      }),
    ],
    [
      'a tag in capitals',
      withFiles({ 'c.json': config([]), 'manifest.json': '[{"Config":"c.json","Layers":[],"RepoTags":["A:b"]}]' }),
    ],
    [
      'too many layers',
      withFiles({
        'c.json': config(Array(200).fill(digestOf('x'))),
        'manifest.json': '[{"Config":"c.json","Layers":[]}]',
      }),
    ],
    ['a device', Buffer.concat([encodeTarHeader({ name: 'd', type: 'char' }), TAR_END])],
    ['a layout with a manifest that is also an index', layout({ config: {}, layers: [], manifests: [] })],
    ['a layout with an unknown version', withFiles({ 'oci-layout': '{"imageLayoutVersion":"9"}', 'index.json': '{}' })],
    [
      'a link in a circle',
      Buffer.concat([
        encodeTarHeader({ name: 'a', type: 'symlink', linkName: 'b' }),
        encodeTarHeader({ name: 'b', type: 'symlink', linkName: 'a' }),
        withFiles({ 'manifest.json': '[{"Config":"a","Layers":[]}]' }),
      ]),
    ],
  ])('refuses %s and leaves nothing', async (_what, archive) => {
    await expect(load(store.images, archive)).rejects.toThrow(/./);
    await expect(load(store.images, archive)).rejects.not.toMatchObject({ code: 'internal' });
    expect(store.onDisk()).toEqual({ layers: [], blobs: [], ingest: [] });
  });

  test('an archive under the configuration of another image is refused, though the layer is here', async () => {
    await load(store.images, smallArchive(['a:1'], 'good'));
    const kept = store.onDisk();
    const trap = smallArchive(['b:1'], 'good', { Cmd: ['x'] });
    trap.write('evil', trap.indexOf('good'));
    await expect(load(store.images, trap)).rejects.toThrow('its content has digest');
    expect(store.onDisk()).toEqual(kept);
  });

  test('an upload that breaks leaves nothing', async () => {
    const archive = smallArchive(['a:1'], 'x'.repeat(100_000));
    async function* broken() {
      yield archive.subarray(0, 60_000);
      throw new Error('client went away');
    }
    await expect(load(store.images, broken())).rejects.toThrow('client went away');
    expect(store.onDisk()).toEqual({ layers: [], blobs: [], ingest: [] });
  });
});

describe('save', () => {
  test('what is saved loads elsewhere as the same image, with the same manifest', async () => {
    await load(store.images, smallArchive(['a:1', 'a:2', 'b:1'], 'x', { Cmd: ['sh'] }));
    const archive = await bytesOf(await store.images.save(['a', 'b:1']));
    const other = await openImageStore();
    try {
      const { text } = await load(other.images, archive);
      expect(text).toBe('Loaded image: a:1\nLoaded image: a:2\nLoaded image: b:1\n');
      expect(other.images.resolve('b:1')).toEqual(store.images.resolve('b:1'));
      expect(await bytesOf(await other.images.save(['a', 'b:1']))).toEqual(archive);
      // Docker before version 25 reads only this table.
      const plain = withoutFile(archive, 'oci-layout');
      await other.images.remove('a:1', { force: true, noPrune: false });
      expect((await load(other.images, plain)).text).toContain('Loaded image: a:1\n');
    } finally {
      await other.close();
    }
  });

  test('by id, without names; twice the same is once', async () => {
    const { loaded } = await load(store.images, smallArchive(['a:1'], 'x'));
    const { id } = loaded[0]!;
    const other = await openImageStore();
    try {
      const { text } = await load(other.images, await bytesOf(await store.images.save([id, id.slice(7, 19)])));
      expect(text).toBe(`Loaded image ID: ${id}\n`);
    } finally {
      await other.close();
    }
  });

  test('unknown names fail before the stream begins', async () => {
    await expect(store.images.save(['nothing'])).rejects.toThrow('No such image: nothing:latest');
  });

  const scratch = mkdtempSync(join(tmpdir(), 'berth-skopeo-'));
  afterAll(() => rmSync(scratch, { recursive: true }));
  test.skipIf(!existsSync('/usr/bin/skopeo'))(
    'other tools read it, and we read theirs (needs the Debian package skopeo)',
    async () => {
      await load(store.images, smallArchive(['a:1'], 'x', { Env: ['A=b'] }));
      const image = store.images.resolve('a:1');
      const saved = join(scratch, 'saved.tar');
      writeFileSync(saved, await bytesOf(await store.images.save(['a:1'])));
      const skopeo = (...args: string[]) =>
        execFileSync('skopeo', ['--tmpdir', scratch, ...args], { encoding: 'utf8' });
      for (const transport of ['docker-archive', 'oci-archive']) {
        const inspected = JSON.parse(skopeo('inspect', '--config', `${transport}:${saved}`)) as {
          config: { Env: string[] };
        };
        expect(inspected.config.Env).toEqual(['A=b']);
        const copy = join(scratch, `${transport}.tar`);
        const target = transport === 'oci-archive' ? `oci-archive:${copy}:again:1` : `docker-archive:${copy}:again:1`;
        skopeo('copy', '--insecure-policy', `${transport}:${saved}`, target);
        const { loaded, text } = await load(store.images, readFileSync(copy));
        expect(text).toBe('Loaded image: again:1\n');
        expect(loaded[0]!.config.rootfs).toEqual(image.config.rootfs);
      }
    },
  );
});

describe('import', () => {
  const options = { reference: undefined, message: '', changes: [], platform: undefined, source: '-' };

  test('makes an image of one layer', async () => {
    const archive = Buffer.concat([encodeTarFile({ name: 'hello' }, Buffer.from('hi')), TAR_END]);
    const image = await store.images.import(piecesOf(gzipSync(archive)), {
      ...options,
      reference: { domain: 'docker.io', path: 'library/x', tag: 'y' },
      changes: ['CMD ["/hello"]', 'ENV A=b C="d e"', 'expose 80', 'LABEL k=v'],
      platform: 'linux/arm64',
    });
    expect(image).toMatchObject({ tags: ['x:y'], size: 2, config: { architecture: 'arm64', os: 'linux' } });
    expect(image.config.rootfs.diff_ids).toEqual([digestOf(archive)]);
    expect(store.images.inspect('x:y').Config).toMatchObject({
      Cmd: ['/hello'],
      Env: ['A=b', 'C=d e'],
      ExposedPorts: { '80/tcp': {} },
      Labels: { k: 'v' },
    });
    expect(store.images.history('x:y')).toMatchObject([{ Comment: 'Imported from -', Size: 2, Tags: ['x:y'] }]);
    expect(store.events).toEqual([`image import ${image.id} x:y`]);
  });

  test('refuses a wrong instruction before it reads the archive', async () => {
    const untouched = {
      [Symbol.asyncIterator]: () => {
        throw new Error('read');
      },
    };
    await expect(store.images.import(untouched, { ...options, changes: ['RUN x'] })).rejects.toThrow(
      'RUN is not a valid change command',
    );
  });

  test('leaves nothing of what is no archive', async () => {
    await expect(store.images.import(piecesOf(Buffer.alloc(9000, 'x')), options)).rejects.toMatchObject({
      code: 'invalid',
    });
    expect(store.onDisk()).toEqual({ layers: [], blobs: [], ingest: [] });
  });
});

function config(diffIds: string[]): string {
  return JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } });
}

function withFiles(files: Record<string, string | Buffer>): Buffer {
  return Buffer.concat([
    ...Object.entries(files).map(([name, content]) => encodeTarFile({ name }, Buffer.from(content))),
    TAR_END,
  ]);
}

function layout(manifest: object): Buffer {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI.manifest, ...manifest }));
  const manifests = [{ mediaType: OCI.manifest, digest: digestOf(bytes), size: bytes.length }];
  return withFiles({
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': JSON.stringify({ schemaVersion: 2, manifests }),
    [`blobs/${digestOf(bytes).replace(':', '/')}`]: bytes,
  });
}

/** The archive with one file under another name. */
function withoutFile(archive: Buffer, name: string): Buffer {
  const header = encodeTarFile({ name }, Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  const at = archive.indexOf(header);
  expect(at).toBeGreaterThan(0);
  return Buffer.concat([archive.subarray(0, at), archive.subarray(at + header.length)]);
}
