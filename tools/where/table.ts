import { commandPlaces } from './commands.ts';
import { routePlaces, routesCalled } from './routes.ts';
import { createTestFinder } from './tests.ts';

/** Commands that are about this program, its engine's process or the registry's, not about anything behind the API. */
const LOCAL =
  /^(alias|daemon|context|completion|manifest|registry|__complete\w*)\b|^logout$|^compose$|^compose (version|viz)$|^system dial-stdio$/;

/** One line of docs/where-is.md; cells are lists of paths. */
export interface Row {
  command: string;
  cli: string[];
  client: string[];
  routes: string[];
  engine: string[];
  tests: string[];
}

/** Where each command lives, from the client to the engine. */
export function whereIs(): Row[] {
  const known = routePlaces();
  const testsOf = createTestFinder();
  return commandPlaces().map((command) => {
    const local = LOCAL.test(command.path);
    const called = [...new Set(command.calls.flatMap(routesCalled))].map(
      (key) => known.get(key) ?? { route: '', file: '' },
    );
    const routes = called.map(({ route }) => route).filter((route) => route !== '');
    const engine = [...new Set(called.map(({ file }) => file).filter((file) => file !== ''))];
    return {
      command: [command.path, ...command.aliases].join(', '),
      cli: [command.file],
      client: local ? ['here'] : command.calls,
      routes: local ? ['none'] : routes,
      engine: local ? ['none'] : engine,
      tests: testsOf(command, routes, engine),
    };
  });
}

/** The cells that nothing was found for, in words. */
export function emptyCells(rows: readonly Row[]): string[] {
  return rows.flatMap((row) =>
    (['cli', 'client', 'routes', 'engine', 'tests'] as const)
      .filter((cell) => row[cell].length === 0)
      .map((cell) => `${row.command}: no ${cell}`),
  );
}

/** The page docs/where-is.md. */
export function page(rows: readonly Row[]): string {
  const cell = (paths: string[]) => paths.map((path) => `\`${path}\``).join('<br>');
  const lines = rows.map(
    (row) => `| ${[row.command, ...[row.cli, row.client, row.routes, row.engine, row.tests].map(cell)].join(' | ')} |`,
  );
  return `# Where is what

Written by \`npm run where-is\` from the sources; a test fails when it is out of date or a cell is empty.

| command | client program | API call | route | engine | tests |
| --- | --- | --- | --- | --- | --- |
${lines.join('\n')}
`;
}
