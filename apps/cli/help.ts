import type { Command, CommandEntry, FlagSpec, GroupEntry } from './command.ts';
import { flagUsages } from './flags/usage.ts';

/** Docker wraps at the width of the terminal less one, 80 where there is none. */
export interface HelpStyle {
  programName: string;
  columns: number;
}

/** `--help` of one command. `words` is how it was called: `container ls`, `ps`. */
export function commandHelp(words: string, entry: CommandEntry, command: Command, style: HelpStyle): string {
  const { programName } = style;
  const parts = [
    `Usage:  ${usageLine(words, command, programName)}\n`,
    `${description(entry, command, programName)}\n`,
  ];
  if (entry.aliases?.length)
    parts.push(`Aliases:\n  ${[entry.path, ...entry.aliases].map((alias) => `${programName} ${alias}`).join(', ')}\n`);
  const shown = programName === 'docker' ? command.flags.filter(({ own }) => !own) : command.flags;
  const usages = flagUsages(shown, style.columns - 1);
  if (usages) parts.push(`Options:\n${usages}`);
  return parts.join('\n');
}

function description(entry: CommandEntry, command: Command, programName: string): string {
  const given = command.description ?? entry.summary;
  return (typeof given === 'string' ? given : given(programName)).trim();
}

/** `docker rm [OPTIONS] CONTAINER [CONTAINER...]`; `PROGRAM` in it stands for the name of the program. */
export function usageLine(words: string, command: Command, programName: string): string {
  const usage = command.usage.replace('PROGRAM', programName);
  return `${programName} ${words}${usage ? ` ${usage}` : ''}`;
}

/** Help of a word that only groups commands. */
export function groupHelp(group: GroupEntry, entries: readonly CommandEntry[], style: HelpStyle): string {
  const within = `${group.path} `;
  const rows = entries.flatMap((entry) => {
    if (entry.hidden) return [];
    const listed = entry.alsoIn?.includes(group.path)
      ? entry.aliases?.find((name) => name.startsWith(within))
      : undefined;
    const words = entry.path.startsWith(within) ? entry.path : listed;
    return words === undefined ? [] : [{ name: words.slice(within.length), summary: entry.summary }];
  });
  return [
    `Usage:  ${style.programName} ${group.path} COMMAND\n`,
    `${group.summary}\n`,
    `Commands:\n${table(rows)}`,
    `Run '${style.programName} ${group.path} COMMAND --help' for more information on a command.\n`,
  ].join('\n');
}

/** The top-level help. */
export function rootHelp(
  entries: readonly CommandEntry[],
  groups: readonly GroupEntry[],
  flags: readonly FlagSpec[],
  style: HelpStyle,
): string {
  const words = entries.flatMap((entry) =>
    entry.hidden
      ? []
      : [entry.path, ...(entry.aliases ?? [])].filter((name) => !name.includes(' ')).map((name) => ({ name, entry })),
  );
  const common = COMMON.flatMap((name) => words.filter((word) => word.name === name));
  const others = words.filter((word) => !COMMON.includes(word.name));
  const row = ({ name, entry }: { name: string; entry: CommandEntry }) => ({ name, summary: entry.summary });
  const widest = Math.max(...words.map((word) => word.name.length), ...groups.map((group) => group.path.length));
  return [
    `Usage:  ${style.programName} [OPTIONS] COMMAND\n`,
    'A self-sufficient runtime for containers\n',
    common.length ? `Common Commands:\n${table(common.map(row), widest, false)}` : '',
    `Management Commands:\n${table(
      groups.map((group) => ({ name: group.path, summary: group.summary })),
      widest,
    )}`,
    `Commands:\n${table(others.map(row), widest)}`,
    `Global Options:\n${flagUsages(flags, style.columns - 1)}`,
    `Run '${style.programName} COMMAND --help' for more information on a command.\n`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** Shown first and in this order, as in Docker's help. */
const COMMON = ['run', 'exec', 'ps', 'build', 'pull', 'push', 'images', 'login', 'logout', 'search', 'version', 'info'];

/** cobra pads names to the widest, at least to this. */
const LEAST_NAME_WIDTH = 11;

function table(rows: { name: string; summary: string }[], widest = 0, sorted = true): string {
  const width = Math.max(LEAST_NAME_WIDTH, widest, ...rows.map((row) => row.name.length));
  const ordered = sorted ? [...rows].sort((a, b) => (a.name < b.name ? -1 : 1)) : rows;
  return ordered.map((row) => `  ${row.name.padEnd(width)} ${row.summary}\n`).join('');
}
