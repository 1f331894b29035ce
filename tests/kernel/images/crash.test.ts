import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@berth/oci';
import { afterAll, expect, test } from 'vitest';
import { bytesOf, openImageStore } from './image-store.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-images-crash-'));
afterAll(() => rmSync(root, { recursive: true }));

const KILLS = 6;

test('kill -9 at any moment leaves whole images and, after a start, nothing else', async () => {
  let loaded = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-child.ts'), root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (lines: Buffer) => {
        if (Number(lines.toString().trim().split('\n').at(-1)) >= 3) resolve();
      });
    });
    // Not a wait for anything: the moment of the kill, a little later each time.
    await new Promise((resolve) => setTimeout(resolve, kill * 9));
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
  const listed = await images.list({ all: true, filters: {}, sharedSize: false });
  const blobs = new Set<string>();
  const layers = new Set<string>();
  for (const { Id } of listed) {
    const image = images.resolve(Id);
    const { bytes } = await images.manifestOf(image.id);
    const manifest = JSON.parse(bytes.toString()) as { config: { digest: string }; layers: { digest: string }[] };
    for (const digest of [image.manifest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)]) {
      const content = await bytesOf(images.blobs.createReadStream(digest as typeof image.id) as AsyncIterable<Buffer>);
      expect(digestOf(content)).toBe(digest);
      blobs.add(digest.slice(7));
    }
    const [directory] = images.layerDirectories(image.id);
    expect(readFileSync(join(directory!, 'file'), 'utf8')).toMatch(/^(content \d+){200}$/);
    layers.add(directory!.slice(directory!.lastIndexOf('/') + 1));
  }
  const onDisk = store.onDisk();
  expect(onDisk.blobs.sort()).toEqual([...blobs].sort());
  expect(onDisk.layers.sort()).toEqual([...layers].sort());
  expect(onDisk.ingest).toEqual([]);
  return listed.length;
}
