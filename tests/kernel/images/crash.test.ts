import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf } from '@berth/oci';
import { afterAll, expect, test } from 'vitest';
import type { Image, Images } from '../../../apps/engine/images/index.ts';
import { bytesOf, openImageStore } from './image-store.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-images-crash-'));
afterAll(() => {
  for (const folder of [root, `${root}-scratch`]) rmSync(folder, { recursive: true, force: true });
});

/** More of them: `CRASHES=100`. */
const KILLS = Number(process.env['CRASHES'] ?? 8);

test('kill -9 at any moment leaves whole images and, after a start, nothing else', { timeout: 600_000 }, async () => {
  let loaded = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-child.ts'), root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (lines: Buffer) => {
        if (Number(lines.toString().trim().split('\n').at(-1)) >= 1 + (kill % 5)) resolve();
      });
    });
    // Not a wait for anything: the moment of the kill, at random.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
    child.kill('SIGKILL');
    await ended;
    const store = await openImageStore(root);
    loaded += await checkEverything(store);
    await store.suspend();
  }
  expect(loaded).toBeGreaterThan(KILLS);
});

/** Every image is whole, and everything on disk belongs to one. */
async function checkEverything(store: Awaited<ReturnType<typeof openImageStore>>): Promise<number> {
  const { images } = store;
  const listed = await images.withManifests(await images.list({ all: true, filters: {}, sharedSize: false }));
  const blobs = new Set<string>();
  const layers = new Set<string>();
  for (const { Id, Manifests } of listed) {
    expect(Manifests.every(({ Available }) => Available)).toBe(true);
    const platforms = Manifests.flatMap((one) => (one.Kind === 'image' ? [one.ImageData.Platform] : []));
    for (const { os, architecture } of platforms) {
      const image = images.resolve(Id, `${os}/${architecture}`);
      for (const digest of await digestsOf(images, image)) {
        const content = await bytesOf(images.blobs.createReadStream(digest) as AsyncIterable<Buffer>);
        expect(digestOf(content)).toBe(digest);
        blobs.add(digest.slice(7));
      }
      const directories = images.layerDirectories(image.id);
      expect(readFileSync(join(directories.at(-1)!, 'file'), 'utf8')).toMatch(/^(content \d+){200}$/);
      if (directories.length > 1) expect(readFileSync(join(directories[0]!, 'more'), 'utf8')).toBe(architecture);
      for (const directory of directories) layers.add(directory.slice(directory.lastIndexOf('/') + 1));
    }
  }
  for (const { index_digest } of store.db.prepare('SELECT index_digest FROM images').all()) {
    if (index_digest !== '') blobs.add(String(index_digest).slice(7));
  }
  const onDisk = store.onDisk();
  expect(onDisk.blobs.sort()).toEqual([...blobs].sort());
  expect(onDisk.layers.sort()).toEqual([...layers].sort());
  expect(onDisk.ingest).toEqual([]);
  return listed.length;
}

async function digestsOf(images: Images, image: Image): Promise<Digest[]> {
  const manifest = JSON.parse((await images.blobs.readAll(image.manifest, 1 << 20)).toString()) as {
    config: { digest: Digest };
    layers: { digest: Digest }[];
  };
  return [image.manifest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
}
