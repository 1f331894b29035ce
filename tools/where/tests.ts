import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, trackedFiles } from '../rules/tree.ts';
import type { CommandPlace } from './commands.ts';

/** What belongs to tests and names commands or routes: test files and the scripts and sessions that they run. */
const TESTS = /^(tests\/(kernel|api|e2e)\/.*\.(ts|mjs|py)|apps\/cli\/.*\.test\.ts|packages\/client\/.*\.test\.ts)$/;

/**
 * Finds the tests of a command: those beside its files and those that call it by its words (`docker container stop`,
 * `['stop', …`) or its routes (`/stop`).
 */
export function createTestFinder(): (command: CommandPlace, routes: string[], engineFiles: string[]) => string[] {
  const files = trackedFiles({ fresh: false });
  const texts = files
    .filter((file) => TESTS.test(file))
    .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));
  return (command, routes, engineFiles) => {
    const beside = [command.file, ...command.calls, ...engineFiles]
      .map((file) => file.replace(/\.ts$/, '.test.ts'))
      .filter((file) => files.includes(file));
    const patterns = [...[command.path, ...command.aliases].flatMap(spellings), ...routes.flatMap(routePattern)];
    const own = composeSpellings(command.path);
    const calling = texts
      .filter(
        ({ file, text }) =>
          patterns.some((pattern) => pattern.test(text)) ||
          (file.startsWith('tests/e2e/compose/') && own.some((pattern) => pattern.test(text))),
      )
      .map(({ file }) => file);
    return [...new Set([...beside, ...calling])].sort();
  };
}

/** How tests write a command: as one line, or as a list of words. */
function spellings(path: string): RegExp[] {
  const words = path.split(' ');
  const list = words.map((word) => `'${word}'`).join(',\\s*');
  return [new RegExp(`\\b(docker|berth) ${path}\\b`), new RegExp(`\\[\\s*${list}[,\\s\\]]`)];
}

/** Tests of Compose leave the word itself out: `ok('up', …`, `['up', …`. */
function composeSpellings(path: string): RegExp[] {
  const [first, ...words] = path.split(' ');
  if (first !== 'compose' || words.length === 0) return [];
  return [new RegExp(`[([]\\s*${words.map((word) => `'${word}'`).join(',\\s*')}[,)\\]\\s]`)];
}

/** Only routes that say what is done: `/containers/{id}` alone is part of all others. */
function routePattern(route: string): RegExp[] {
  const [method = '', path = ''] = route.split(' ');
  const pattern = path
    .split(/\{\w+\}/)
    .map((part) => part.replace(/[/.]/g, '\\$&'))
    .join('[^\'"/]+');
  return [new RegExp(`['"]${method}['"],\\s*['"\`](/v[\\d.]+)?${pattern}(['"\`?]|$)`, 'm')];
}
