import type { Command, FlagSpec, GroupEntry } from '../command.ts';
import type { Context } from '../context.ts';
import { isRepeated } from '../flags/convert.ts';
import { parseFlags } from '../flags/parse.ts';
import { FlagValues } from '../flags/values.ts';
import { globalFlags } from '../global-flags.ts';
import { lookUp } from '../look-up.ts';
import { type Given, openContext } from '../open-context.ts';
import { entries, groups } from '../registry.ts';
import { argumentCompleter, INSPECT_TYPES } from './arguments.ts';
import type { FlagWord as FlagWordOf } from './compose.ts';
import { flagCompleter } from './flag-values.ts';
import { type Scan, scanWords } from './scan.ts';
import { DIRECTIVE, type Suggestion, type Suggestions, values } from './suggestion.ts';

/**
 * Suggestions for the last of `words` (without the program's name), which may be empty: commands, flags, values of flags,
 * names from the engine that the words before it mean. Only what begins as the word does.
 */
export async function complete(given: Given, words: readonly string[]): Promise<Suggestions> {
  const word = words.at(-1) ?? '';
  const found = await suggest(given, words.slice(0, -1), word);
  return { ...found, values: found.values.filter(({ value }) => begins(value, valuePart(word, value))) };
}

/** `--flag=value`: the value is completed alone. */
function valuePart(word: string, value: string): string {
  return word.startsWith('--') && word.includes('=') && !value.startsWith('--')
    ? word.slice(word.indexOf('=') + 1)
    : word;
}

/** In any case, and capabilities and signals also without their prefix's letters being typed in capitals. */
function begins(value: string, word: string): boolean {
  return value.startsWith(word) || (word !== '' && /^[A-Z_\d]+$/.test(value) && value.startsWith(word.toUpperCase()));
}

async function suggest(given: Given, before: readonly string[], word: string): Promise<Suggestions> {
  const specs = globalFlags('');
  const global = scanWords(before, specs, false);
  const context = inner(given, before, specs);
  if (global.pending) return flagCompleter('', global.pending.long)(context, word, []);
  const [first] = global.args;
  if (first === undefined) {
    if (word.startsWith('-')) return flagOrValue(context, { path: '', specs, scan: global, word });
    return commandNames('', word);
  }
  if (first === 'help')
    return global.args.length === 1 ? commandNames('', word) : commandNames(global.args[1] ?? '', word);
  const found = lookUp(global.args);
  if (!found) return values([], DIRECTIVE.default);
  if ('group' in found) return global.args.length === 1 ? groupMembers(found.group, word) : values([]);
  const command = await found.entry.load();
  return commandWord(context, { path: found.entry.path, command, rest: found.rest, word });
}

/** The context that the words before the command name: `-H`, `-c`, `--config`. */
function inner(given: Given, before: readonly string[], specs: readonly FlagSpec[]): Context {
  // No engine is started because somebody pressed a key.
  const open = (flags: FlagValues) => openContext(flags, { ...given, autostart: false });
  try {
    return open(parseFlags(before, specs, false).flags);
  } catch {
    return open(new FlagValues(specs)); // half written
  }
}

interface CommandWord {
  path: string;
  command: Command;
  rest: readonly string[];
  word: string;
}

async function commandWord(context: Context, { path, command, rest, word }: CommandWord): Promise<Suggestions> {
  if (path === 'compose') {
    const { completeCompose } = await import('./compose.ts');
    const flagWord: FlagWordOf = (of, specs, scan) =>
      flagOrValue(context, { path: of, specs: [...specs, HELP], scan, word });
    return completeCompose(context, rest, word, flagWord);
  }
  if (command.passThrough) return values([], DIRECTIVE.default);
  const scan = scanWords(rest, command.flags, command.interspersed ?? true);
  if (scan.pending) return flagCompleter(path, scan.pending.long)(context, word, []);
  if (word.startsWith('-') && !scan.flagsEnded)
    return flagOrValue(context, { path, specs: [...command.flags, HELP], scan, word });
  if (path === 'inspect') {
    const [, type = ''] = /--type[= ](\S+)/.exec(rest.join(' ')) ?? [];
    const typed = INSPECT_TYPES[type];
    if (typed) return typed(context, word, scan.args);
  }
  if (command.args.max <= scan.args.length && command.interspersed !== false) return values([]);
  return argumentCompleter(path, scan.args.length)(context, word, scan.args);
}

const HELP: FlagSpec = { long: 'help', type: 'bool', help: 'Print usage' };

interface FlagWord {
  path: string;
  specs: readonly FlagSpec[];
  scan: Scan;
  word: string;
}

async function flagOrValue(context: Context, { path, specs, scan, word }: FlagWord): Promise<Suggestions> {
  const [, name, value] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
  if (name === undefined) return flagNames(specs, scan, word);
  const spec = specs.find(({ long }) => long === name);
  if (spec?.type === 'bool') return values(['true', 'false']);
  return flagCompleter(path, name)(context, value ?? '', []);
}

/** Long names, and letters while no second dash is written; what is there already only where it may be repeated. */
function flagNames(specs: readonly FlagSpec[], scan: Scan, word: string): Suggestions {
  const offered = specs.filter(
    (spec) => !spec.hidden && !spec.deprecated && (isRepeated(spec.type) || !scan.used.has(spec.long)),
  );
  const named = offered.flatMap((spec): Suggestion[] => {
    const description = spec.help.split('\n')[0] ?? '';
    const long = { value: `--${spec.long}`, description };
    return spec.short && !word.startsWith('--') ? [long, { value: `-${spec.short}`, description }] : [long];
  });
  return { values: named.sort((a, b) => (bare(a.value) < bare(b.value) ? -1 : 1)), directive: DIRECTIVE.noFiles };
}

const bare = (flag: string) => flag.replace(/^-+/, '');

/** Commands and groups at the top (`group` '') or in a group. */
function commandNames(group: string, word: string): Suggestions {
  const found = groups.find(({ path }) => path === group);
  if (group !== '') return found ? groupMembers(found, word) : values([]);
  const commands = entries.flatMap((entry) =>
    entry.hidden
      ? []
      : [entry.path, ...(entry.aliases ?? [])]
          .filter((name) => !name.includes(' '))
          .map((name) => ({ value: name, description: entry.summary })),
  );
  const grouped = groups.map(({ path, summary }) => ({ value: path, description: summary }));
  return sorted([...commands, ...grouped, { value: 'help', description: 'Help about any command' }]);
}

function groupMembers(group: GroupEntry, word: string): Suggestions {
  const members = entries.filter((entry) => !entry.hidden && entry.path.startsWith(`${group.path} `));
  const name = (path: string) => path.slice(group.path.length + 1);
  const list = members.flatMap((entry) => {
    // Other names (`list` for `ls`) only for who has begun to write them.
    const others = word === '' ? [] : (entry.aliases ?? []).filter((alias) => alias.startsWith(`${group.path} `));
    return [entry.path, ...others].map((path) => ({ value: name(path), description: entry.summary }));
  });
  return sorted(list);
}

function sorted(list: Suggestion[]): Suggestions {
  return { values: list.sort((a, b) => (a.value < b.value ? -1 : 1)), directive: DIRECTIVE.noFiles };
}
