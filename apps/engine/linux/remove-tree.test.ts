import { existsSync, mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeTree } from './remove-tree.ts';

test.each([1, 20, 60])('a tree with %i long names inside each other is removed', async (levels) => {
  const root = mkdtempSync(join(tmpdir(), 'berth-remove-'));
  const [inner, outer] = [join(root, 'inner'), join(root, 'outer')];
  mkdirSync(inner);
  writeFileSync(join(inner, 'file'), '');
  for (let level = 0; level < levels; level++) {
    mkdirSync(outer);
    renameSync(inner, join(outer, 'n'.repeat(255)));
    renameSync(outer, inner);
  }
  await removeTree(root);
  expect(existsSync(root)).toBe(false);
  await removeTree(root);
});
