import { execFileSync } from 'node:child_process';
import { parseReference } from '@berth/oci';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Image } from '../../../apps/engine/images/index.ts';
import { load, openImageStore, smallArchive } from './image-store.ts';

let store: Awaited<ReturnType<typeof openImageStore>>;
let first: Image;
beforeAll(async () => {
  store = await openImageStore();
  first = (
    await load(
      store.images,
      smallArchive(['app:1', 'reg.example.com/team/app:2'], 'first', { Labels: { a: '1', b: '2' }, Cmd: ['x'] }),
    )
  ).loaded[0]!;
  await load(store.images, smallArchive(['other:1'], 'second', { Env: ['A=b'] }));
  await load(store.images, smallArchive([], 'dangling'));
});
afterAll(() => store.close());

describe('resolve', () => {
  test.each([
    ['by name', () => 'app:1'],
    ['by registry', () => 'reg.example.com/team/app:2'],
    ['by full name', () => 'docker.io/library/app:1'],
    ['by id', () => first.id],
    ['by id without algorithm', () => first.id.slice(7)],
    ['by the beginning of the id', () => first.id.slice(7, 12)],
    ['by the beginning with algorithm', () => first.id.slice(0, 19)],
  ])('%s', (_how, name) => {
    expect(store.images.resolve(name()).id).toBe(first.id);
  });

  test.each([
    ['app', 'No such image: app:latest'],
    ['app:3', 'No such image: app:3'],
    ['f'.repeat(64), `No such image: sha256:${'f'.repeat(64)}`],
    ["%' OR 1=1 --", 'invalid reference format'],
    ['App', 'must be lowercase'],
  ])('%s is not there', (name, message) => {
    expect(() => store.images.resolve(name)).toThrow(message);
  });
});

describe('list', () => {
  const list = async (filters: Record<string, string[]> = {}) =>
    (await store.images.list({ all: false, filters, sharedSize: false }))
      .map((image) => image.RepoTags.join() || '<none>')
      .sort();
  const ALL = ['<none>', 'app:1,reg.example.com/team/app:2', 'other:1'];

  test('shows what Docker shows', async () => {
    const listed = await store.images.list({ all: false, filters: { reference: ['app:1'] }, sharedSize: false });
    expect(listed).toEqual([
      {
        Containers: -1,
        Created: Date.UTC(2024, 0, 1) / 1000,
        Id: first.id,
        Labels: { a: '1', b: '2' },
        ParentId: '',
        RepoDigests: [],
        RepoTags: ['app:1'],
        SharedSize: -1,
        Size: 5,
      },
    ]);
  });

  test.each<[Record<string, string[]>, string[]]>([
    [{}, ALL],
    [{ dangling: ['true'] }, ['<none>']],
    [{ dangling: ['false'] }, ALL.slice(1)],
    [{ label: ['a'] }, ALL.slice(1, 2)],
    [{ label: ['a=1', 'b'] }, ALL.slice(1, 2)],
    [{ label: ['a=2'] }, []],
    [{ 'label!': ['a=1'] }, ['<none>', 'other:1']],
    [{ reference: ['*'] }, ['app:1', 'other:1']],
    [{ reference: ['*/*/app'] }, ['reg.example.com/team/app:2']],
    [{ reference: ['other:*', 'app'] }, ['app:1', 'other:1']],
    [{ before: ['other:1'] }, []],
    [{ since: ['other:1'] }, []],
    [{ until: ['2024-01-02'] }, ALL],
    [{ until: ['2023-12-31T00:00:00Z'] }, []],
    [{ until: ['1h30m'] }, ALL],
  ])('filter %j', async (filters, expected) => {
    expect(await list(filters)).toEqual(expected);
  });

  test.each([
    [{ nonsense: ['x'] }, "invalid filter 'nonsense'"],
    [{ dangling: ['maybe'] }, "invalid filter 'dangling=[maybe]'"],
    [{ before: ['nothing'] }, 'No such image: nothing:latest'],
    [{ until: ['soon'] }, 'invalid value for "until" filter'],
    [{ reference: ['['] }, 'syntax error in pattern'],
  ])('refuses %j', async (filters, message) => {
    await expect(list(filters)).rejects.toThrow(message);
  });
});

test('the manifest of an image: its platform, what is stored of it, and who uses it', async () => {
  const image = store.images.inspect('app:1');
  const [found] = await store.images.withManifests([image]);
  const { descriptor } = await store.images.manifestOf(first.id);
  const [manifest] = found?.Manifests ?? [];
  expect(manifest).toMatchObject({
    ID: first.manifest,
    Descriptor: { ...descriptor, platform: { os: 'linux', architecture: image.Architecture } },
    Available: true,
    Kind: 'image',
    ImageData: { Containers: [], Size: { Unpacked: image.Size } },
  });
  // Configuration, manifest and layer archive.
  expect(manifest?.Size.Content).toBeGreaterThan(descriptor.size);
  expect(manifest?.Size.Total).toBe((manifest?.Size.Content ?? 0) + image.Size);
});

test('inspect', () => {
  const layer = store.images.layerDirectories(first.id)[0];
  expect(store.images.inspect('app:1')).toEqual({
    Id: first.id,
    RepoTags: ['app:1', 'reg.example.com/team/app:2'],
    RepoDigests: [],
    Parent: '',
    Comment: 'app:1',
    Created: '2024-01-01T00:00:00Z',
    DockerVersion: '',
    Author: '',
    Config: {
      User: '',
      Env: null,
      Cmd: ['x'],
      Volumes: null,
      WorkingDir: '',
      Entrypoint: null,
      OnBuild: null,
      Labels: { a: '1', b: '2' },
    },
    Architecture: first.config.architecture,
    Os: 'linux',
    Size: 5,
    GraphDriver: { Name: 'overlay2', Data: { UpperDir: layer } },
    RootFS: { Type: 'layers', Layers: first.config.rootfs.diff_ids },
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
  });
});

test('history', () => {
  expect(store.images.history('app:1')).toEqual([
    {
      Comment: 'app:1',
      Created: Date.UTC(2024, 0, 1) / 1000,
      CreatedBy: 'made for a test',
      Id: first.id,
      Size: 5,
      Tags: ['app:1', 'reg.example.com/team/app:2'],
    },
  ]);
});

test('tag', () => {
  store.images.tag('other:1', parseReference('localhost:5000/other'));
  expect(store.images.resolve('localhost:5000/other').tags).toEqual(['localhost:5000/other:latest', 'other:1']);
  expect(Date.parse(store.images.inspect('other:1').Metadata.LastTagTime)).toBeGreaterThan(Date.now() - 60_000);
  const digest = parseReference(`x@${first.id}`);
  expect(() => store.images.tag('other:1', digest)).toThrow('refusing to create a tag with a digest reference');
  expect(() => store.images.tag('nothing', parseReference('x'))).toThrow('No such image: nothing:latest');
});

describe('starter images', () => {
  test('hello-world and busybox run, and are the same each time', async () => {
    const lines: string[] = [];
    const [hello, busybox] = await store.images.starter(['hello-world', 'busybox'], (message) =>
      lines.push(message.status ?? ''),
    );
    expect(hello).toMatchObject({
      tags: ['hello-world:latest'],
      config: { config: { Cmd: ['/hello'], Labels: { 'io.berth.starter': 'true' } } },
    });
    expect(lines).toContain('Made starter image busybox:latest');
    const run = (image: Image, ...command: string[]) =>
      execFileSync('chroot', [store.images.layerDirectories(image.id)[0]!, ...command], { encoding: 'utf8' });
    expect(run(hello!, '/hello')).toContain('Hello from Berth!\nThis message shows');
    expect(
      run(
        busybox!,
        '/bin/sh',
        '-c',
        'echo $(whoami) in $(ls / | wc -l) directories, $(test -x /bin/httpd && echo httpd)',
      ),
    ).toBe('root in 10 directories, httpd\n');
    const again = await store.images.starter(['busybox', 'hello-world'], () => undefined);
    expect(again.map((image) => image.id)).toEqual([busybox!.id, hello!.id]);
  });

  test('unknown names are refused with the known ones', async () => {
    await expect(store.images.starter(['busybox', 'nginx'], () => undefined)).rejects.toMatchObject({
      code: 'not-found',
      message: 'no such starter image: nginx',
      hint: 'Starter images are: hello-world, busybox, debian, registry.',
    });
    await expect(store.images.starter(['toString'], () => undefined)).rejects.toMatchObject({ code: 'not-found' });
  });
});
