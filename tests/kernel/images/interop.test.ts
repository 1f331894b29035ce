import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Image } from '../../../apps/engine/images/index.ts';
import { missingDebianDocker, startDebianDocker } from '../../support/debian-docker.ts';
import { makeImage, writeLayout } from '../../support/registry-images.ts';
import { bytesOf, load, openImageStore } from './image-store.ts';

/** Files of two layers, the second of which takes one of the first away and puts a link in the place of another. */
const made = makeImage({
  layers: [
    [
      { path: 'dir' },
      { path: 'dir/kept', content: 'kept' },
      { path: 'dir/gone', content: 'x' },
      { path: 'was', content: 'y' },
    ],
    [
      { path: 'dir/.wh.gone', content: '' },
      { path: 'was', link: 'dir/kept' },
      { path: 'new', content: 'new', uid: 7, gid: 8 },
    ],
  ],
  config: { Cmd: ['/new'], Env: ['A=b c'], Labels: { quote: '"<&>' } },
});
const NAME = 'example.org/team/app:1.2';

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const missing = (...programs: string[]) => programs.filter((program) => !has(program));

let folder: string;
let store: Awaited<ReturnType<typeof openImageStore>>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-interop-'));
  writeLayout(join(folder, 'layout'), '1', made);
});
afterAll(() => {
  // Podman keeps a mount on its storage.
  spawnSync('umount', [join(folder, 'podman/root')]);
  spawnSync('umount', ['-R', join(folder, 'podman')]);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  store = await openImageStore();
});
afterEach(() => store.close());

const at = (name: string) => join(folder, name);
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], cwd: folder, timeout: 120_000 });
const skopeo = (...args: string[]) => run('skopeo', '--insecure-policy', ...args);
const podman = (...args: string[]) =>
  run('podman', '--root', at('podman/root'), '--runroot', at('podman/run'), '--storage-driver', 'vfs', ...args);

/** The image is the made one: by its id, its configuration and what its layers hold. */
function expectMade(image: Image, id: string = made.configDigest): void {
  expect(image.id).toBe(id);
  expect(image.config.config).toMatchObject({ Cmd: ['/new'], Env: ['A=b c'], Labels: { quote: '"<&>' } });
  const [top, bottom] = store.images.layerDirectories(image.id);
  expect(readFileSync(join(bottom!, 'dir/kept'), 'utf8')).toBe('kept');
  expect(readFileSync(join(top!, 'new'), 'utf8')).toBe('new');
}

/** Archives as other programs write them. The docker formats say nothing of OCI's manifest: it is made anew. */
const WRITERS: Record<
  string,
  { needs: string[]; name: string | undefined; keepsManifest: boolean; write(file: string): void }
> = {
  'skopeo docker-archive': {
    needs: ['skopeo'],
    name: NAME,
    keepsManifest: false,
    write: (file) => void skopeo('copy', `oci:${at('layout')}:1`, `docker-archive:${file}:${NAME}`),
  },
  'skopeo oci-archive': {
    needs: ['skopeo'],
    name: NAME,
    keepsManifest: true,
    write: (file) => void skopeo('copy', `oci:${at('layout')}:1`, `oci-archive:${file}:${NAME}`),
  },
  'a tar of a layout of skopeo': {
    needs: ['skopeo'],
    name: NAME,
    keepsManifest: true,
    write: (file) => {
      skopeo('copy', `oci:${at('layout')}:1`, `oci:${at('oci-dir')}:${NAME}`);
      run('tar', '-C', at('oci-dir'), '-cf', file, '.');
    },
  },
  'a tar of a folder of skopeo': {
    needs: ['skopeo'],
    name: undefined,
    keepsManifest: true,
    write: (file) => {
      skopeo('copy', `oci:${at('layout')}:1`, `dir:${at('skopeo-dir')}`);
      run('tar', '-C', at('skopeo-dir'), '-cf', file, '.');
    },
  },
  'podman docker-archive': {
    needs: ['podman', 'skopeo'],
    name: NAME,
    keepsManifest: false,
    write: (file) => void podmanSave('docker-archive', file),
  },
  'podman oci-archive': {
    needs: ['podman', 'skopeo'],
    name: NAME,
    keepsManifest: false,
    write: (file) => void podmanSave('oci-archive', file),
  },
  'a tar of a folder of podman': {
    needs: ['podman', 'skopeo'],
    name: undefined,
    keepsManifest: false,
    write: (file) => {
      podmanSave('docker-dir', at('podman-dir'));
      run('tar', '-C', at('podman-dir'), '-cf', file, '.');
    },
  },
};

function podmanSave(format: string, file: string): void {
  if (spawnSync('test', ['-e', at('for-podman.tar')]).status !== 0) {
    skopeo('copy', `oci:${at('layout')}:1`, `docker-archive:${at('for-podman.tar')}:${NAME}`);
    podman('load', '-i', at('for-podman.tar'));
  }
  podman('save', '--quiet', '--format', format, '-o', file, NAME);
}

describe.each(Object.entries(WRITERS))('what others write: %s', (title, { needs, name, keepsManifest, write }) => {
  const file = () => at(`${title.replaceAll(' ', '-')}.tar`);
  beforeAll(() => {
    if (missing(...needs).length === 0) write(file());
  });

  test.skipIf(missing(...needs).length > 0).each(['cat', 'gzip -c', 'zstd -qc', 'xz -c', 'bzip2 -c'])(
    'is loaded, packed by %s',
    async (pack) => {
      if (missing(pack.split(' ')[0]!).length > 0) return;
      const packed = execFileSync('sh', ['-c', `${pack} < '${file()}'`], { maxBuffer: 1 << 26 });
      const { loaded, text } = await load(store.images, packed);
      // Podman writes the configuration anew for OCI.
      expectMade(loaded[0]!, title === 'podman oci-archive' ? loaded[0]!.id : undefined);
      expect(text).toBe(name === undefined ? `Loaded image ID: ${made.configDigest}\n` : `Loaded image: ${name}\n`);
      if (keepsManifest) {
        const { descriptor, bytes } = await store.images.manifestOf(loaded[0]!.id);
        expect([descriptor.digest, bytes.toString()]).toEqual([made.digest, made.bytes.toString()]);
      }
    },
  );
});

describe('what we write', () => {
  const file = () => at('ours.tar');
  beforeEach(async () => {
    const layout = at('named');
    rmSync(layout, { recursive: true, force: true });
    writeLayout(layout, NAME, made);
    await load(store.images, execFileSync('tar', ['-C', layout, '-c', '.'], { maxBuffer: 1 << 26 }));
    writeFileSync(file(), await bytesOf(await store.images.save([NAME])));
  });

  test.skipIf(missing('skopeo').length > 0)('is read by skopeo, as both formats', () => {
    expect(JSON.parse(skopeo('inspect', `oci-archive:${file()}:1.2`))).toMatchObject({ Digest: made.digest });
    const raw = skopeo('inspect', '--raw', `oci-archive:${file()}:1.2`);
    expect(raw).toBe(made.bytes.toString());
    // The older format has no names for compressed layers: skopeo tells of them as they are inside.
    expect(JSON.parse(skopeo('inspect', '--config', `docker-archive:${file()}:${NAME}`))).toMatchObject({
      config: { Cmd: ['/new'] },
      rootfs: { diff_ids: expect.objectContaining({ length: 2 }) },
    });
    skopeo('copy', `docker-archive:${file()}:${NAME}`, `dir:${at('read-back')}`);
  });

  test.skipIf(missing('podman').length > 0)('is read by podman', () => {
    podman('rmi', '--all', '--force');
    expect(podman('load', '-i', file())).toContain(`Loaded image: ${NAME}`);
    expect(podman('image', 'inspect', '--format', '{{.Id}} {{.RepoTags}}', NAME).trim()).toBe(
      `${made.configDigest.slice('sha256:'.length)} [${NAME}]`,
    );
    const root = podman('image', 'mount', NAME).trim();
    try {
      expect(execFileSync('ls', ['-1', join(root, 'dir')], { encoding: 'utf8' })).toBe('kept\n');
      expect(readFileSync(join(root, 'was'), 'utf8')).toBe('kept');
    } finally {
      podman('image', 'umount', NAME);
      podman('rmi', '--all', '--force');
    }
  });

  test.skipIf(missingDebianDocker() !== undefined)(
    "is read by Debian's Docker, and what that writes by us",
    async () => {
      await using engine = await startDebianDocker();
      expect(engine.docker('load', '-i', file())).toBe(`Loaded image: ${NAME}\n`);
      expect(engine.docker('image', 'inspect', '--format', '{{.Id}} {{.RepoTags}}', NAME)).toBe(
        `${made.configDigest} [${NAME}]\n`,
      );
      engine.docker('tag', NAME, 'second:tag');
      engine.docker('save', '-o', at('old.tar'), NAME, 'second:tag');
      await store.images.remove(NAME, { force: true, noPrune: false });
      const { loaded, text } = await load(store.images, readFileSync(at('old.tar')));
      expectMade(loaded[0]!);
      expect(text).toBe(`Loaded image: ${NAME}\nLoaded image: second:tag\n`);
    },
  );

  test('is the same image with the same digests in another store, again and again', async () => {
    let archive: Buffer = readFileSync(file());
    for (let round = 0; round < 3; round++) {
      await using other = await openStore();
      const { loaded } = await load(other.images, archive);
      const { descriptor } = await other.images.manifestOf(loaded[0]!.id);
      expect([loaded[0]!.id, descriptor.digest]).toEqual([made.configDigest, made.digest]);
      archive = await bytesOf(await other.images.save([NAME]));
      expect(archive.equals(readFileSync(file()))).toBe(true);
    }
  });

  test('a folder whose links stand for layers that are the same, as Docker wrote them before version 25', async () => {
    const [first, second] = made.layerDigests.map((digest) => made.blobs.get(digest)!);
    const old = at('old-format');
    for (const name of ['one', 'two', 'three']) mkdirSync(join(old, name), { recursive: true });
    const layers = [first!, second!].map((blob) => execFileSync('gzip', ['-dc'], { input: blob }));
    writeFileSync(join(old, 'one/layer.tar'), layers[0]!);
    writeFileSync(join(old, 'two/layer.tar'), layers[1]!);
    execFileSync('ln', ['-sf', '../one/layer.tar', join(old, 'three/layer.tar')]);
    writeFileSync(join(old, 'c.json'), made.blobs.get(made.configDigest)!);
    const entry = { Config: 'c.json', RepoTags: ['linked:1'], Layers: ['three/layer.tar', 'two/layer.tar'] };
    writeFileSync(join(old, 'manifest.json'), JSON.stringify([entry]));
    const { loaded } = await load(store.images, execFileSync('tar', ['-C', old, '-c', '.'], { maxBuffer: 1 << 26 }));
    expectMade(loaded[0]!);
  });
});

async function openStore() {
  const opened = await openImageStore();
  return { ...opened, [Symbol.asyncDispose]: () => opened.close() };
}
