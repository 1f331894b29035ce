import { expect, it } from 'vitest';
import type { TreeEntry } from '../files/protocol.ts';
import { type FileTree, selectFiles } from './file-selection.ts';

const entry = (path: string, type: TreeEntry['type'] = 'file'): TreeEntry => ({
  ...{ path, type, mode: 0o644, uid: 0, gid: 0, mtime: 0n, size: 0, sha256: '', link: '', rdev: 0n, xattrs: new Map() },
});
const treeOf = (paths: string[]): FileTree => ({
  list: async (base) => ({ base, entries: paths.map((path) => entry(path)) }),
});
const selected = async (paths: string[], pattern: string) => {
  const { facts } = await selectFiles(treeOf(paths), pattern, { isExcluded: () => false, parents: false });
  return facts.map(({ path }) => path);
};

it.each([
  ['**/f', ['f', 'a/f', 'a/b/f']],
  ['**/**/f', ['f', 'a/f', 'a/b/f']],
  ['a/**', ['a/f', 'a/b/f', 'a/b/g']],
  ['a/**/b/**/f', ['a/b/f']],
  ['*/f', ['a/f']],
  ['**/b/?', ['a/b/f', 'a/b/g']],
  ['**/**/x', []],
])('%s', async (pattern, found) => {
  expect(await selected(['f', 'a/f', 'a/b/f', 'a/b/g'], pattern)).toEqual(found);
});

it('patterns with many ** take no time of their own', async () => {
  const deep = Array(200).fill('d').join('/');
  expect(await selected([deep], `${'**/'.repeat(30)}zz`)).toEqual([]);
  expect(await selected([deep], `${'**/d/'.repeat(30)}zz`)).toEqual([]);
  expect(await selected([`${deep}/zz`], `${'**/d/'.repeat(30)}zz`)).toEqual([`${deep}/zz`]);
});
