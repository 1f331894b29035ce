import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTar } from '@berth/oci';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareLayer } from './compare-layer.ts';
import { TreeReader } from './tree-reader.ts';

let root: string;
const home = process.cwd();
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-tree-memory-'));
  mkdirSync(join(root, 'berth-no-such-directory'));
  for (let n = 0; n < 20; n++) {
    const name = join(root, 'berth-no-such-directory', `${n}-${'long'.repeat(50)}`);
    writeFileSync(name, `file ${n}`);
    linkSync(name, `${name}-again`);
    linkSync(name, `${name}-and-again`);
  }
  process.chdir(root);
});
afterAll(() => {
  process.chdir(home);
  rmSync(root, { recursive: true });
});

describe('many long paths', () => {
  it('are refused when a layer has more of them than there is memory for', () => {
    const { changes } = compareLayer(new Set(), undefined);
    expect(changes).toHaveLength(61);
    expect(() => compareLayer(new Set(), undefined, { pathsMax: 10_000 })).toThrow(/paths .* more than 10000 bytes/);
  });

  it.each([
    ['all that fit', undefined, 40],
    // Each is forgotten with its last name, so that memory for one does for all.
    ['with memory for one', 600, 40],
    ['with memory for none', 100, 0],
  ])('of files with several names: %s', async (_what, linksMax, links) => {
    const reader = new TreeReader({
      only: undefined,
      as: Buffer.from(''),
      ...(linksMax !== undefined && { linksMax }),
    });
    const found = { file: 0, hardlink: 0, directory: 0 };
    const contents = new Set<string>();
    const archive = (async function* () {
      yield* reader.read();
    })();
    await readTar(archive, async ({ entry, content }) => {
      if (entry.type !== 'file' && entry.type !== 'hardlink' && entry.type !== 'directory') return;
      found[entry.type]++;
      let text = '';
      for await (const piece of content) text += piece.toString();
      if (entry.type === 'file') contents.add(text);
    });
    expect(found).toEqual({ file: 60 - links, hardlink: links, directory: 1 });
    expect(contents.size).toBe(20);
  });
});
