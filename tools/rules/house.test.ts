import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, trackedFiles } from './tree.ts';

const LONG = 400;
const files = trackedFiles();
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const sources = files.filter((path) => /\.(ts|mjs)$/.test(path));

describe('house rules', () => {
  it('no folder is a catch-all', () => {
    const names = new Set(['lib', 'common', 'misc', 'helpers', 'utils', 'internal']);
    expect(
      files.filter((path) =>
        path
          .split('/')
          .slice(0, -1)
          .some((folder) => names.has(folder)),
      ),
    ).toEqual([]);
  });

  it(`files of more than ${LONG} lines say in their head why`, () => {
    const silent = sources.filter((path) => {
      const lines = text(path).split('\n');
      return lines.length > LONG && !/\blong\b/i.test(lines.slice(0, 30).join('\n'));
    });
    expect(silent, 'write "Long because …" in the comment at the head, or split').toEqual([]);
  });

  it('no path of one particular machine is written down', () => {
    const paths = /(?<![\w.$}/-])\/(?:work|farm)\//;
    const found = files.filter(
      (path) =>
        /\.(ts|mjs|md|json|sh|yml|yaml|service|pl)$|\/run$/.test(path) &&
        path !== 'tools/rules/house.test.ts' &&
        paths.test(text(path)),
    );
    expect(found).toEqual([]);
  });

  it('types are not switched off', () => {
    const off = /@ts-(?:ignore|nocheck|expect-error)|\bas any\b/;
    expect(sources.filter((path) => path !== 'tools/rules/house.test.ts' && off.test(text(path)))).toEqual([]);
  });

  it('types are not talked over, but for stand-ins in tests', () => {
    const product = sources.filter((path) => !/\.test\.ts$|^tests\//.test(path));
    expect(product.filter((path) => /\bas unknown as\b/.test(text(path)))).toEqual([]);
  });

  it('tests are not switched off', () => {
    const off = /\b(?:it|test|describe)\.(?:only|todo)\b|\.skipIf\(true\)/;
    expect(
      files.filter((path) => path.endsWith('.test.ts') && path !== 'tools/rules/house.test.ts' && off.test(text(path))),
    ).toEqual([]);
  });

  it('nothing is left for later in the text', () => {
    const later = /\b(?:TODO|FIXME|XXX|HACK)\b/;
    expect(sources.filter((path) => path !== 'tools/rules/house.test.ts' && later.test(text(path)))).toEqual([]);
  });
});
