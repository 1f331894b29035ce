import { loadProject } from '@berth/compose';
import type { FlagSpec } from '../command.ts';
import { FLAGS } from '../commands/compose/flags/global.ts';
import { composeCommands } from '../commands/compose/index.ts';
import type { Context } from '../context.ts';
import { parseFlags } from '../flags/parse.ts';
import { FlagValues } from '../flags/values.ts';
import { flagCompleter } from './flag-values.ts';
import { type Scan, scanWords } from './scan.ts';
import { DIRECTIVE, type Suggestion, type Suggestions, values } from './suggestion.ts';

/** Completes a word that begins as a flag. */
export type FlagWord = (path: string, specs: readonly FlagSpec[], scan: Scan) => Promise<Suggestions>;

/** Flags whose values are services. */
const OF_SERVICES = new Set(['attach', 'no-attach', 'exit-code-from']);

/** Suggestions for a word behind `compose`: its flags, commands, flags of those, services of the project. */
export async function completeCompose(
  context: Context,
  rest: readonly string[],
  word: string,
  flagWord: FlagWord,
): Promise<Suggestions> {
  const global = scanWords(rest, FLAGS, false);
  if (global.pending) return flagCompleter('compose', global.pending.long)(context, word, []);
  if (word.startsWith('-') && global.args.length === 0) return flagWord('compose', FLAGS, global);
  const found = find(global.args);
  if (!found) return membersOf(global.args.join(' '));
  const command = await found.entry.load();
  const scan = scanWords(global.args.slice(found.length), command.flags, command.interspersed ?? true);
  const { path } = found.entry;
  if (scan.pending && !OF_SERVICES.has(scan.pending.long))
    return flagCompleter(path, scan.pending.long)(context, word, []);
  if (!scan.pending && word.startsWith('-') && !scan.flagsEnded) return flagWord(path, command.flags, scan);
  // `SERVICE:PATH` and `SERVICE=NUMBER` are more than a service.
  if (!scan.pending && !/\bSERVICES?(?![:=\w])/.test(command.usage)) return values([], DIRECTIVE.default);
  if (!scan.pending && !/SERVICES?(\.{3})?\]/.test(command.usage) && scan.args.length > 0)
    return values([], DIRECTIVE.default);
  return values(
    services(context, rest.slice(0, rest.length - global.args.length)).filter((name) => !scan.args.includes(name)),
  );
}

const short = (path: string) => path.slice('compose '.length);

function find(words: readonly string[]) {
  for (let length = Math.min(3, words.length); length > 0; length--) {
    const called = words.slice(0, length).join(' ');
    const entry = composeCommands.find(({ path, aliases = [] }) =>
      [path, ...aliases].some((name) => short(name) === called),
    );
    if (entry) return { entry, length };
  }
  return undefined;
}

/** Commands of `compose`, or of a group in it; the next word of each. */
function membersOf(group: string): Suggestions {
  const before = group === '' ? '' : `${group} `;
  const found = new Map<string, Suggestion>();
  for (const { path, summary, hidden } of composeCommands) {
    if (hidden || !short(path).startsWith(before)) continue;
    const [value = '', ...more] = short(path).slice(before.length).split(' ');
    if (!found.has(value)) found.set(value, more.length > 0 ? { value } : { value, description: summary });
  }
  return { values: [...found.values()].sort((a, b) => (a.value < b.value ? -1 : 1)), directive: DIRECTIVE.noFiles };
}

/** Of the project that the words before the command mean; none when it cannot be read. */
function services({ env }: Context, before: readonly string[]): string[] {
  try {
    const flags = before.length ? parseFlags(before, FLAGS, false).flags : new FlagValues(FLAGS);
    const project = loadProject({
      files: flags.list('file'),
      cwd: process.cwd(),
      env,
      envFiles: flags.list('env-file'),
      projectName: flags.string('project-name'),
      projectDirectory: flags.string('project-directory') || flags.string('workdir'),
      profiles: ['*'],
    });
    return Object.keys(project.services).sort();
  } catch {
    return [];
  }
}
