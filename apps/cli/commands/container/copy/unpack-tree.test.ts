import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTarHeader, TAR_END, type TarEntryInit, tarPadding } from '@berth/oci/tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unpackTree } from './unpack-tree.ts';

let root: string;
let target: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-unpack-'));
  target = join(root, 'target');
  mkdirSync(target);
  mkdirSync(join(root, 'outside'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function* archive(entries: (TarEntryInit & { content?: string })[]): AsyncGenerator<Uint8Array> {
  for (const { content = '', ...entry } of entries) {
    yield encodeTarHeader({ ...entry, size: content.length });
    yield Buffer.from(content);
    yield tarPadding(content.length);
  }
  yield TAR_END;
}

const unpack = (entries: (TarEntryInit & { content?: string })[]) => unpackTree(archive(entries), target, []);

test('files, links, modes and times', async () => {
  await unpack([
    { name: 'd/', type: 'directory', mode: 0o500, mtime: 1_000_000_000_000_000_000n },
    { name: 'd/f', type: 'file', content: 'x', mode: 0o640, mtime: 1_000_000_000_000_000_000n },
    { name: 'd/h', type: 'hardlink', linkName: 'd/f' },
    { name: 'd/l', type: 'symlink', linkName: '/anywhere' },
  ]);
  expect(readFileSync(join(target, 'd/h'), 'utf8')).toBe('x');
  expect(statSync(join(target, 'd/f')).mode & 0o7777).toBe(0o640);
  expect(statSync(join(target, 'd')).mode & 0o7777).toBe(0o500);
  expect(statSync(join(target, 'd')).mtimeMs).toBe(1_000_000_000_000);
  expect(lstatSync(join(target, 'd/l')).isSymbolicLink()).toBe(true);
});

/** What an archive of a hostile container or engine could try. */
test.each<[string, TarEntryInit[]]>([
  ['a name that leads out', [{ name: '../outside/f', type: 'file' }]],
  ['a name that leads out on its way', [{ name: 'a/../../outside/f', type: 'file' }]],
  [
    'a file through a link of the archive',
    [
      { name: 'l', type: 'symlink', linkName: '../outside' },
      { name: 'l/f', type: 'file' },
    ],
  ],
  [
    'a directory in place of a link of the archive',
    [
      { name: 'l', type: 'symlink', linkName: '../outside' },
      { name: 'l/', type: 'directory' },
    ],
  ],
  ['a hard link to the outside', [{ name: 'h', type: 'hardlink', linkName: '../outside/x' }]],
  [
    'a hard link through a link',
    [
      { name: 'l', type: 'symlink', linkName: '../outside' },
      { name: 'h', type: 'hardlink', linkName: 'l/x' },
    ],
  ],
])('%s is refused', async (_what, entries) => {
  await expect(unpack(entries)).rejects.toThrow();
  expect(readdirSync(join(root, 'outside'))).toEqual([]);
});

test('a link that lies there is replaced and not followed', async () => {
  symlinkSync('../outside/victim', join(target, 'f'));
  await unpack([{ name: 'f', type: 'file', content: 'x' }]);
  expect(lstatSync(join(target, 'f')).isFile()).toBe(true);
  expect(readdirSync(join(root, 'outside'))).toEqual([]);
});

test('an archive that is cut off is an error', async () => {
  async function* cut() {
    yield encodeTarHeader({ name: 'f', type: 'file', size: 1000 });
    yield Buffer.alloc(10);
  }
  await expect(unpackTree(cut(), target, [])).rejects.toThrow('unexpected end');
});
