import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeImage, writeLayout } from '../../support/registry-images.ts';
import { load, openImageStore, smallArchive } from './image-store.ts';

let store: Awaited<ReturnType<typeof openImageStore>>;
beforeEach(async () => {
  store = await openImageStore();
});
afterEach(() => store.close());

const unflushed = () => store.db.prepare("SELECT count(*) AS count FROM layers WHERE unflushed <> ''").get()?.['count'];

async function restart(): Promise<void> {
  const { root } = store;
  await store.suspend();
  store = await openImageStore(root);
}

test('layers are brought to disk some time after their image is here', async () => {
  await load(store.images, smallArchive(['a:1'], 'x'));
  expect(unflushed()).toBe(1);
  await expect.poll(unflushed, { timeout: 30_000 }).toBe(0);
});

test('an engine that ends before goes on with it when it starts again', async () => {
  await load(store.images, smallArchive(['a:1'], 'x'));
  await restart();
  expect(unflushed()).toBe(1);
  await expect.poll(unflushed, { timeout: 30_000 }).toBe(0);
});

test('what the machine lost of a layer comes again from its archive', async () => {
  await load(store.images, gzipSync(smallArchive(['a:1'], 'x')));
  await load(store.images, smallArchive(['b:1'], 'untouched'));
  const fileOf = (name: string) => join(store.images.layerDirectories(store.images.resolve(name).id)[0]!, 'file');
  const [damaged, other] = [fileOf('a:1'), fileOf('b:1')];
  // As after a power cut: names without content, and a directory that is gone.
  truncateSync(damaged, 0);
  rmSync(join(other, '..'), { recursive: true });
  store.db.exec("UPDATE layers SET unflushed = 'another boot'");
  await restart();
  expect(readFileSync(fileOf('a:1'), 'utf8')).toBe('x');
  expect(readFileSync(fileOf('b:1'), 'utf8')).toBe('untouched');
  expect(fileOf('a:1')).not.toBe(damaged);
  expect(unflushed()).toBe(0);
  expect(store.onDisk().layers).toHaveLength(2);
});

test('also of compressed layers', async () => {
  const image = makeImage({ layers: [[{ path: 'file', content: 'packed' }]], compression: 'zstd' });
  const layout = join(store.root, 'layout');
  writeLayout(layout, 'a:1', image);
  const { loaded } = await load(store.images, execFileSync('tar', ['-C', layout, '-c', '.']));
  const fileOf = () => join(store.images.layerDirectories(loaded[0]!.id)[0]!, 'file');
  truncateSync(fileOf(), 0);
  store.db.exec("UPDATE layers SET unflushed = 'another boot'");
  await restart();
  expect(readFileSync(fileOf(), 'utf8')).toBe('packed');
});
