import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COPIES } from '../../tests/e2e/build/corpus/copy.ts';
import { SETTINGS } from '../../tests/e2e/build/corpus/settings.ts';
import { RUNS, STAGES } from '../../tests/e2e/build/corpus/steps.ts';
import { ROOT, trackedFiles } from '../rules/tree.ts';
import { NOT_HERE, type SurfaceRow, surfaceRows } from './rows.ts';

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

/** Rows that should have a test and that none names. */
export function untested(rows: readonly TestedRow[]): string[] {
  return here(rows)
    .filter(({ files }) => files.length === 0)
    .map(({ id }) => id);
}

function here(rows: readonly TestedRow[]): TestedRow[] {
  return rows.filter(({ id }) => !Object.hasOwn(NOT_HERE, id));
}

/** Rows of which no test passed in a whole run. */
export function unproven(rows: readonly TestedRow[], results: Results): string[] {
  return here(rows)
    .filter((row) => !testsOf(row, results).some(({ result }) => result === 'passed'))
    .map(({ id }) => id);
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

Written by \`npm run dockerfile-surface\` from the titles of tests and the results of the last whole \`npm test\`; a test fails
when a row has no test, and the whole run fails when none of a row's tests passed. Results of builds are compared with those
of Debian's Docker, classic and BuildKit, in \`tests/e2e/build/corpus.test.ts\`; its cases say where they differ and why.

| row | what | test | result |
| --- | --- | --- | --- |
`;

/** The page in docs/. */
export function page(rows: readonly TestedRow[], results: Results): string {
  const lines = rows.map((row) => {
    const reason = Object.hasOwn(NOT_HERE, row.id) ? NOT_HERE[row.id] : undefined;
    if (reason !== undefined)
      return `| \`${escaped(row.id)}\` | ${escaped(row.what)} | ${escaped(reason)} | not here |`;
    const tests = testsOf(row, results);
    const shown =
      tests.length > 0
        ? tests.map(({ file, title }) => `\`${file}\`: ${title.slice(title.indexOf(': ') + 2)}`)
        : row.files.map((file) => `\`${file}\``);
    const outcome = tests.length > 0 ? tests.map(({ result }) => result) : row.files.map(() => 'not run');
    return `| \`${escaped(row.id)}\` | ${escaped(row.what)} | ${escaped(shown.join('<br>'))} | ${outcome.join('<br>')} |`;
  });
  return `${HEAD}${lines.join('\n')}\n\n${differences()}`;
}

/** What the corpus does not find equal to Debian's Docker 20.10, with the reasons that its cases give. */
function differences(): string {
  const cases = [...COPIES, ...RUNS, ...STAGES, ...SETTINGS];
  const lines = cases.flatMap(({ name, differs = {} }) =>
    Object.entries(differs).flatMap(([builder, parts]) => {
      const reasons = new Set(Object.values(parts));
      return [...reasons].map((reason) => {
        const of = Object.keys(parts).filter((part) => parts[part] === reason);
        return `| ${name} | ${builder} | ${of.map((part) => `\`${part}\``).join(' ')} | ${escaped(reason)} |`;
      });
    }),
  );
  return `## Results beside Docker's

${cases.length} Dockerfiles are built by Berth, by Debian's classic builder and by its BuildKit; files (names, modes, owners, links,
contents, extended attributes) and configurations are equal but for these.

| Dockerfile | builder | part | why |
| --- | --- | --- | --- |
${lines.join('\n')}
`;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
