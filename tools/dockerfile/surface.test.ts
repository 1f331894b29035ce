import { describe, expect, it } from 'vitest';
import { NOT_HERE, surfaceRows } from './rows.ts';
import { page, rowsOf, type TestedRow, testedRows, unproven, untested } from './table.ts';

const row = (id: string, ...files: string[]): TestedRow => ({ id, what: 'a | b', files });

describe('the table of the Dockerfile language', () => {
  it('has every row of the data once', () => {
    const ids = surfaceRows().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining(['FROM/--platform', 'mount/bind/target', 'expansion/${x:-w}', 'parser-11']),
    );
    expect(ids).toEqual(expect.arrayContaining(Object.keys(NOT_HERE)));
  });

  it('every row has a test', () => {
    expect(untested(testedRows())).toEqual([]);
  });

  it('reads the rows that a title begins with', () => {
    expect(rowsOf('FROM/rule-1, parser-3: are so')).toEqual(['FROM/rule-1', 'parser-3']);
    expect(rowsOf('no rows')).toEqual([]);
  });

  it('names rows whose tests did not pass', () => {
    const rows = [row('a/b', 'x.test.ts'), row('c/d', 'x.test.ts'), row('args/SOURCE_DATE_EPOCH')];
    const results = { 'x.test.ts a/b, e/f: works': 'passed', 'x.test.ts c/d: works': 'failed' };
    expect(unproven(rows, results)).toEqual(['c/d']);
    expect(page(rows, results)).toContain('| `a/b` | a \\| b | `x.test.ts`: works | passed |\n');
    expect(page(rows, results)).toContain(
      '| `args/SOURCE_DATE_EPOCH` | a \\| b | times of images are those of their build | not here |\n',
    );
  });
});
