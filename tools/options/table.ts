import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command as create } from '../../apps/cli/commands/container/create.ts';
import { command as run } from '../../apps/cli/commands/container/run.ts';
import { ROOT, trackedFiles } from '../rules/tree.ts';

/** A test that shows what an option does. */
export interface OptionTest {
  file: string;
  title: string;
}

/** One option of `run` or `create`, with its tests. */
export interface OptionRow {
  /** With its dashes. */
  option: string;
  help: string;
  tests: OptionTest[];
}

/** How a test ended in the last whole run, by its file and title. */
export type Results = Readonly<Record<string, 'passed' | 'failed' | 'skipped'>>;

/** Options that are about the command line alone. */
const NOT_OF_CONTAINERS = new Set(['help']);

/** A title that begins with options: `--dns, --dns-search: …`. */
const TITLE = /\(\s*(['"`])((?:--[\w-]+, )*--[\w-]+: .*?)\1,/g;

/** Every option that `run` and `create` have and show, with the tests whose titles begin with it. */
export function optionRows(): OptionRow[] {
  const tests = optionTests();
  const flags = new Map([...create.flags, ...run.flags].map((flag) => [flag.long, flag]));
  return [...flags.values()]
    .filter(({ long, hidden }) => hidden !== true && !NOT_OF_CONTAINERS.has(long))
    .map(({ long, help }) => ({ option: `--${long}`, help, tests: tests.get(`--${long}`) ?? [] }))
    .sort((a, b) => a.option.localeCompare(b.option));
}

function optionTests(): Map<string, OptionTest[]> {
  const found = new Map<string, OptionTest[]>();
  for (const file of trackedFiles().filter((path) => path.endsWith('.test.ts'))) {
    for (const [, , title] of readFileSync(join(ROOT, file), 'utf8').matchAll(TITLE)) {
      for (const option of optionsOf(title!))
        found.set(option, [...(found.get(option) ?? []), { file, title: title! }]);
    }
  }
  return found;
}

/** The options that a title begins with. */
export function optionsOf(title: string): string[] {
  const head = /^((?:--[\w-]+, )*--[\w-]+): /.exec(title)?.[1];
  return head === undefined ? [] : head.split(', ');
}

/** The options without any test. */
export function untested(rows: readonly OptionRow[]): string[] {
  return rows.filter(({ tests }) => tests.length === 0).map(({ option }) => option);
}

/** The options of which no test passed, for a whole run. */
export function unproven(rows: readonly OptionRow[], results: Results): string[] {
  return rows
    .filter(({ tests }) => !tests.some((test) => resultOf(test, results) === 'passed'))
    .map(({ option }) => option);
}

/** Titles of tests in a table have places for values, which differ in what is run. */
function resultOf({ file, title }: OptionTest, results: Results): string {
  const exact = results[`${file} ${title}`];
  if (exact !== undefined) return exact;
  const pattern = new RegExp(
    `^${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/%[sdifjo#p]|\\\$(?:\w|\\\{.*?\\\})+/g, '.*')}$`,
    's',
  );
  const of = Object.entries(results).filter(
    ([key]) => key.startsWith(`${file} `) && pattern.test(key.slice(file.length + 1)),
  );
  if (of.some(([, result]) => result === 'failed')) return 'failed';
  return of.some(([, result]) => result === 'passed') ? 'passed' : 'skipped';
}

const HEAD = `# Options of \`run\` and \`create\`

Written by \`npm run run-options\` from the titles of tests and the results of the last whole \`npm test\`; a test fails when
an option has no test, and the whole run fails when none of an option's tests passed.

| option | what it does | test | result |
| --- | --- | --- | --- |
`;

/** The page in docs/. */
export function page(rows: readonly OptionRow[], results: Results): string {
  const lines = rows.map(({ option, help, tests }) => {
    const cells = tests.map((test) => `\`${test.file}\`: ${rest(test.title)}`).join('<br>');
    const outcome = tests.map((test) => resultOf(test, results)).join('<br>');
    return `| \`${option}\` | ${escaped(help.split('\n')[0]!)} | ${escaped(cells)} | ${outcome} |`;
  });
  return `${HEAD}${lines.join('\n')}\n`;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|');
}

function rest(title: string): string {
  return title.slice(title.indexOf(': ') + 2);
}
