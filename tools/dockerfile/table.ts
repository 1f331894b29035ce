import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, trackedFiles } from '../rules/tree.ts';
import { type SurfaceRow, surfaceRows } from './rows.ts';

/** How a test ended in the last whole run, by its file and title. */
export type Results = Readonly<Record<string, string>>;

/** A row with the tests that name it: `what: "ROW: …"`, or `ROW` alone where a table of cases makes the titles. */
export interface TestedRow extends SurfaceRow {
  /** Files with a test of it. */
  files: string[];
}

/** A string of a test file that names rows: `FROM/rule-1, parser-3: …`. */
const NAMES =
  /(['"`])((?:[\w-]+\/[^\s,'"`]+|(?:parser|dockerignore)-\d+)(?:, (?:[\w-]+\/[^\s,'"`]+|(?:parser|dockerignore)-\d+))*)(?=: |\1)/g;

/** Every row, with the test files that name it. */
export function testedRows(): TestedRow[] {
  const files = new Map<string, Set<string>>();
  for (const file of trackedFiles().filter((path) => path.endsWith('.test.ts'))) {
    for (const [, , names = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(NAMES)) {
      for (const id of names.split(', ')) files.set(id, (files.get(id) ?? new Set()).add(file));
    }
  }
  return surfaceRows().map((row) => ({ ...row, files: [...(files.get(row.id) ?? [])].sort() }));
}

/** The rows that a title begins with. */
export function rowsOf(title: string): string[] {
  const end = title.indexOf(': ');
  return end === -1 ? [] : title.slice(0, end).split(', ');
}

/** Rows that no test names. */
export function untested(rows: readonly TestedRow[]): string[] {
  return rows.filter(({ files }) => files.length === 0).map(({ id }) => id);
}

/** Rows of which no test passed in a whole run. */
export function unproven(rows: readonly TestedRow[], results: Results): string[] {
  return rows.filter((row) => !testsOf(row, results).some(({ result }) => result === 'passed')).map(({ id }) => id);
}

interface Outcome {
  file: string;
  title: string;
  result: string;
}

function testsOf({ id }: SurfaceRow, results: Results): Outcome[] {
  return Object.entries(results).flatMap(([key, result]) => {
    const space = key.indexOf(' ');
    const [file, title] = [key.slice(0, space), key.slice(space + 1)];
    return rowsOf(title).includes(id) ? [{ file, title, result }] : [];
  });
}

const HEAD = `# The Dockerfile language, row by row

Written by \`node tools/dockerfile-surface.ts\` from the titles of tests and the results of the last whole \`npm test\`; a test
fails when a row has none.

| row | what | test | result |
| --- | --- | --- | --- |
`;

/** The page in docs/. */
export function page(rows: readonly TestedRow[], results: Results): string {
  const lines = rows.map((row) => {
    const tests = testsOf(row, results);
    const shown =
      tests.length > 0
        ? tests.map(({ file, title }) => `\`${file}\`: ${title.slice(title.indexOf(': ') + 2)}`)
        : row.files.map((file) => `\`${file}\``);
    const outcome = tests.length > 0 ? tests.map(({ result }) => result) : row.files.map(() => 'not run');
    return `| \`${escaped(row.id)}\` | ${escaped(row.what)} | ${escaped(shown.join('<br>'))} | ${outcome.join('<br>')} |`;
  });
  return `${HEAD}${lines.join('\n')}\n`;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
