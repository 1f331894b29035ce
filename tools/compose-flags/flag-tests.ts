import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlagSpec } from '../../apps/cli/command.ts';
import { FLAGS as GLOBAL } from '../../apps/cli/commands/compose/flags/global.ts';
import { composeCommands } from '../../apps/cli/commands/compose/index.ts';
import { ROOT, trackedFiles } from '../rules/tree.ts';

/** A flag of a command of Compose, or of `compose` itself. */
export interface ComposeFlag {
  /** `ps`, `bridge convert`; '' for `compose` itself. */
  command: string;
  flag: FlagSpec;
}

/** Where tests of Compose's flags are. */
const FILES = /^(tests\/e2e|apps\/cli\/commands)\/compose\/.*\.test\.ts$/;

/** Titles of tests, alone or first in a row of a table. */
const TITLE = /[([]\s*(['"`])((?:\\.|(?!\1)[^\\\n])+)\1,/g;

/** Every flag that commands of Compose have, those that no help shows included. */
export async function composeFlags(): Promise<ComposeFlag[]> {
  const rows = GLOBAL.map((flag) => ({ command: '', flag }));
  for (const { path, load } of composeCommands)
    for (const flag of [...(await load()).flags, DRY_RUN]) rows.push({ command: path.replace(/^compose /, ''), flag });
  return rows;
}

/** Every command takes it; it is one of `compose` itself, and tested as such. */
const DRY_RUN: FlagSpec = { long: 'dry-run', type: 'bool', hidden: true, help: '' };

/** The texts in tests of Compose that titles may be. */
export function titles(): string[] {
  return trackedFiles()
    .filter((path) => FILES.test(path))
    .flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(TITLE)].map(([, , title]) => title ?? ''));
}

/** What a title begins with. */
export interface Named {
  /** `ps --filter`, `--profile`: as `keyOf` writes them. */
  flags: string[];
  /** The same of what is no flag of that command. */
  unknown: string[];
}

/**
 * The flags that a title begins with: `commit -a -m: …`, `attach --index, logs --index: …`, `--profile: …`.
 * A command holds until the next one; words behind a flag are its value.
 */
export function named(title: string, all: readonly ComposeFlag[]): Named {
  const found: Named = { flags: [], unknown: [] };
  const commands = new Set(all.map(({ command }) => command));
  let command = '';
  for (const part of title.includes(': ') ? (title.split(': ')[0] ?? '').split(', ') : []) {
    const words = part.split(' ');
    const first = words.findIndex((word) => word.startsWith('-'));
    if (first > 0) command = words.slice(0, first).join(' ');
    if (first === -1 || !commands.has(command)) return found;
    for (const name of words.slice(first).flatMap(flagsOf)) {
      const row = all.find((one) => one.command === command && isCalled(one.flag, name));
      if (row) found.flags.push(keyOf(row));
      else found.unknown.push(`${command} ${name}`.trim());
    }
  }
  return found;
}

/** `--filter=x`, `-it`; none for values, `-` among them. */
function flagsOf(word: string): string[] {
  const [name = ''] = word.split('=');
  if (/^-[a-zA-Z]+$/.test(name)) return [...name.slice(1)].map((letter) => `-${letter}`);
  return /^--[a-zA-Z]/.test(name) ? [name] : [];
}

function isCalled({ long, short }: FlagSpec, name: string): boolean {
  return name === `--${long}` || (short !== undefined && name === `-${short}`);
}

/** `ps --filter`; `--profile` of `compose` itself. */
export function keyOf({ command, flag }: ComposeFlag): string {
  return `${command} --${flag.long}`.trim();
}
