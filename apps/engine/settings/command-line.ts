import { BerthError } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import { suggestion } from './suggestion.ts';
import { FIELDS, FOREIGN, settingOf } from './table/index.ts';

/** The engine's command line, taken apart; values as they were written. */
export interface CommandLine {
  /** Values by field, in order. */
  fields: Map<keyof EngineConfig, string[]>;
  /** Values by key in the file, of settings without a field. */
  foreign: Map<string, string>;
  /** --config-file; undefined: the default place. */
  configFile: string | undefined;
  /** What is asked for instead of a running engine. */
  action: 'run' | 'help' | 'version' | 'validate';
}

/** Flags that are no settings. */
const ACTIONS = new Map<string, CommandLine['action']>([
  ['help', 'help'],
  ['version', 'version'],
  ['validate', 'validate'],
]);
const ACTION_LETTERS = new Map([
  ['h', 'help'],
  ['v', 'version'],
]);

type Target =
  | { kind: 'field'; field: keyof EngineConfig; isSwitch: boolean }
  | { kind: 'foreign'; key: string; isSwitch: boolean }
  | { kind: 'action'; action: CommandLine['action']; isSwitch: true }
  | { kind: 'config-file'; isSwitch: false };

/**
 * Reads flags as Docker's programs do: `--flag value`, `--flag=value`, `-f value`, `-fvalue`, switches alone or as
 * `--switch=false`, several letters of switches in one word. Switches that are on by default also have `--no-SWITCH`.
 * Errors: invalid, naming the flag.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const line: CommandLine = { fields: new Map(), foreign: new Map(), configFile: undefined, action: 'run' };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word.startsWith('--') && word.length > 2) readLong(line, word.slice(2), rest);
    else if (word.startsWith('-') && word.length > 1) readLetters(line, word.slice(1), rest);
    else throw refusal('"berth daemon" takes no arguments, flags only: found', word);
  }
  return line;
}

function readLong(line: CommandLine, word: string, rest: string[]): void {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  const target = LONG.get(name);
  const negated = name.startsWith('no-') ? LONG.get(name.slice(3)) : undefined;
  if (target) take(line, target, `--${name}`, value ?? (target.isSwitch ? 'true' : rest.shift()));
  else if (value === undefined && negated?.kind === 'field' && DEFAULT_CONFIG[negated.field] === true)
    take(line, negated, `--${name}`, 'false');
  else throw refusal('unknown flag:', `--${name}`, suggestion(name, [...LONG.keys()], '--'));
}

function readLetters(line: CommandLine, letters: string, rest: string[]): void {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!;
    const target = SHORT.get(letter);
    if (!target) throw refusal(`unknown shorthand flag: '${letter}' in`, `-${letters}`);
    if (target.isSwitch && letters[at + 1] !== '=') {
      take(line, target, `-${letter}`, 'true');
      continue;
    }
    const behind = letters.slice(at + 1).replace(/^=/, '');
    take(line, target, `-${letter}`, at + 1 < letters.length ? behind : rest.shift());
    return;
  }
}

function take(line: CommandLine, target: Target, written: string, value: string | undefined): void {
  if (value === undefined) throw refusal('flag needs an argument:', written);
  switch (target.kind) {
    case 'field':
      line.fields.set(target.field, [...(line.fields.get(target.field) ?? []), value]);
      return;
    case 'foreign':
      line.foreign.set(target.key, value);
      return;
    case 'config-file':
      line.configFile = value;
      return;
    case 'action':
      if (line.action !== 'help' && value !== 'false') line.action = target.action;
  }
}

function refusal(what: string, word: string, hint?: string): BerthError {
  return new BerthError('invalid', `${what} ${word}`, { hint: hint ?? "See 'berth daemon --help'." });
}

const LONG = new Map<string, Target>();
const SHORT = new Map<string, Target>();
for (const field of FIELDS) {
  const { flag, aliases = [], short, kind } = settingOf(field);
  const target: Target = { kind: 'field', field, isSwitch: kind.placeholder === '' };
  for (const name of [flag, ...aliases]) LONG.set(name, target);
  if (short !== undefined) SHORT.set(short, target);
}
for (const { key, flag, isSwitch } of FOREIGN) {
  if (flag !== undefined) LONG.set(flag, { kind: 'foreign', key, isSwitch });
}
for (const [name, action] of ACTIONS) LONG.set(name, { kind: 'action', action, isSwitch: true });
for (const [letter, name] of ACTION_LETTERS) SHORT.set(letter, LONG.get(name)!);
LONG.set('config-file', { kind: 'config-file', isSwitch: false });
