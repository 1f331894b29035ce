import { describe, expect, it } from 'vitest';
import { type OptionRow, optionRows, optionsOf, page, unproven, untested } from './table.ts';

const row = (option: string, ...titles: string[]): OptionRow => ({
  option,
  help: 'a | b\nmore',
  tests: titles.map((title) => ({ file: 'a.test.ts', title })),
});

describe('the table of options', () => {
  it('knows the options of run and create', () => {
    const options = optionRows().map(({ option }) => option);
    expect(options).toEqual(expect.arrayContaining(['--add-host', '--detach', '--pull', '--workdir']));
    expect(options).not.toContain('--help');
  });

  it('reads the options that a title begins with', () => {
    expect(optionsOf('--dns, --dns-search: are written down')).toEqual(['--dns', '--dns-search']);
    expect(optionsOf('exec --privileged: all capabilities')).toEqual([]);
  });

  it('names options without a test, and those whose tests did not pass', () => {
    const rows = [row('--a'), row('--b', '--b: one', '--b: two'), row('--c', '--c: of %s'), row('--d', '--d: x')];
    const results = {
      'a.test.ts --b: one': 'skipped',
      'a.test.ts --b: two': 'passed',
      'a.test.ts --c: of host': 'passed',
      'a.test.ts --d: x': 'failed',
    } as const;
    expect(untested(rows)).toEqual(['--a']);
    expect(unproven(rows, results)).toEqual(['--a', '--d']);
    expect(page(rows, results)).toContain(
      '| `--b` | a \\| b | `a.test.ts`: one<br>`a.test.ts`: two | skipped<br>passed |\n',
    );
  });
});
