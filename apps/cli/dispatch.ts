import { describeError } from '@berth/kit';
import { checkArity } from './arity.ts';
import { CliError } from './cli-error.ts';
import type { Command, GroupEntry, Parsed } from './command.ts';
import type { Context } from './context.ts';
import { FlagError, nearest, parseFlags } from './flags/parse.ts';
import { FlagValues } from './flags/values.ts';
import { globalFlags } from './global-flags.ts';
import { commandHelp, groupHelp, type HelpStyle, rootHelp, usageLine } from './help.ts';
import { lookUp } from './look-up.ts';
import { entries, groups } from './registry.ts';
import { versionLine } from './version.ts';

/** What the dispatcher needs before a context can exist. */
export interface Shell {
  programName: string;
  configDir: string;
  /** Width for help texts; asked for only then. */
  columns(): number;
  out(text: string): void;
  err(text: string): void;
  /** Makes the context once the global flags are known. */
  openContext(global: FlagValues): Context;
}

/** Exit code for a flag that cannot be taken, as Docker has it. */
const BAD_FLAG = 125;

/** Runs one command line (without the program's name); prints every error and resolves to the exit code. */
export async function dispatch(argv: readonly string[], shell: Shell): Promise<number> {
  try {
    return await route(argv, shell);
  } catch (error) {
    return report(error, shell);
  }
}

function report(error: unknown, shell: Shell): number {
  const text = describeError(error);
  if (text) shell.err(`${text.trimEnd()}\n`);
  return error instanceof CliError ? error.exitCode : 1;
}

async function route(argv: readonly string[], shell: Shell): Promise<number> {
  const { programName } = shell;
  const specs = globalFlags(shell.configDir);
  let global: ReturnType<typeof parseFlags>;
  try {
    global = parseFlags(argv, specs, false);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw badFlag(error, `${programName} [OPTIONS] COMMAND [ARG...]`, programName);
  }
  if (global.flags.bool('version')) {
    shell.out(`${versionLine(programName)}\n`);
    return 0;
  }
  const help = () => rootHelp(entries, groups, specs, style(shell));
  if (global.help || global.args.length === 0) {
    if (global.help === 'short') shell.err(DEPRECATED_HELP);
    if (!global.help) shell.err(help());
    // `docker --help ps` is about ps.
    else if (lookUp(afterHelp(argv))) return explain(afterHelp(argv), shell, help);
    else shell.out(help());
    return 0;
  }
  if (global.args[0] === 'help') return explain(global.args.slice(1), shell, help);
  return runWords(global.args, global.flags, shell);
}

/** The words behind the first --help or -h. */
function afterHelp(argv: readonly string[]): readonly string[] {
  return argv.slice(argv.findIndex((word) => word === '--help' || word === '-h') + 1);
}

const DEPRECATED_HELP = 'Flag shorthand -h has been deprecated, use --help\n';

async function runWords(words: readonly string[], global: FlagValues, shell: Shell): Promise<number> {
  const found = lookUp(words);
  if (!found) throw unknownCommand(words, shell.programName);
  if ('group' in found) return runGroup(found.group, words.slice(1), shell);
  const { entry, words: called, rest } = found;
  const command = await entry.load();
  const invoked = `${shell.programName} ${called}`;
  if (command.passThrough) {
    const help = await command.ownHelp?.(rest, style(shell));
    if (help !== undefined) {
      shell.out(help);
      return 0;
    }
    const flags = new FlagValues(command.flags);
    return runCommand(command, { flags, args: [...rest], invoked }, global, shell);
  }
  const usage = usageLine(called, command, shell.programName);
  let parsed: ReturnType<typeof parseFlags>;
  try {
    parsed = parseFlags(rest, command.flags, command.interspersed ?? true);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw badFlag(error, usage, invoked);
  }
  if (parsed.help) {
    if (parsed.help === 'short') shell.err(DEPRECATED_HELP);
    shell.out(commandHelp(called, entry, command, style(shell)));
    return 0;
  }
  for (const spec of command.flags)
    if (spec.deprecated && parsed.flags.changed(spec.long))
      shell.err(`Flag --${spec.long} has been deprecated, ${spec.deprecated}\n`);
  checkArity(parsed.args.length, command.args, { invoked, usage, programName: shell.programName });
  return runCommand(command, { flags: parsed.flags, args: parsed.args, invoked }, global, shell);
}

async function runCommand(command: Command, parsed: Parsed, global: FlagValues, shell: Shell): Promise<number> {
  const context = shell.openContext(global);
  try {
    return await command.run(context, parsed);
  } catch (error) {
    // Some commands have the flag once more.
    const own = command.flags.some(({ long }) => long === 'debug') && parsed.flags.bool('debug');
    if (context.debug || own) context.err.write(causes(error));
    throw error;
  } finally {
    await Promise.all([context.out.drain(), context.err.drain()]);
  }
}

/** For `--debug`: where an error comes from. */
function causes(error: unknown): string {
  const lines: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) lines.push(`DEBUG: ${at.stack ?? at.message}\n`);
  return lines.join('');
}

function runGroup(group: GroupEntry, rest: readonly string[], shell: Shell): number {
  const invoked = `${shell.programName} ${group.path}`;
  let parsed: ReturnType<typeof parseFlags>;
  try {
    parsed = parseFlags(rest, [], false);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw badFlag(error, invoked, invoked);
  }
  const help = groupHelp(group, entries, style(shell));
  if (parsed.help === 'short') shell.err(DEPRECATED_HELP);
  if (parsed.help) shell.out(help);
  else if (parsed.args.length === 0) shell.err(help);
  else throw unknownCommand([group.path, ...parsed.args], shell.programName);
  return 0;
}

async function explain(words: readonly string[], shell: Shell, root: () => string): Promise<number> {
  if (words.length === 0) {
    shell.out(root());
    return 0;
  }
  if (words[0] === 'help') {
    shell.out(`Usage:  ${shell.programName} help [command]\n\nHelp about the command\n`);
    return 0;
  }
  const found = lookUp(words);
  if (!found) throw new CliError(`unknown help topic: ${words.join(' ')}`);
  if ('group' in found) shell.out(groupHelp(found.group, entries, style(shell)));
  else {
    const command = await found.entry.load();
    const own = await command.ownHelp?.([...found.rest, '--help'], style(shell));
    shell.out(own ?? commandHelp(found.words, found.entry, command, style(shell)));
  }
  return 0;
}

function unknownCommand(words: readonly string[], programName: string): CliError {
  const [first = '', second] = words;
  const group = second === undefined ? undefined : groups.find((candidate) => candidate.path === first);
  const names = entries.flatMap((entry) => [entry.path, ...(entry.aliases ?? [])]);
  const near = group
    ? nearest(
        second ?? '',
        names.filter((name) => name.startsWith(`${first} `)).map((name) => name.slice(first.length + 1)),
      )
    : nearest(first, [...names.filter((name) => !name.includes(' ')), ...groups.map((candidate) => candidate.path)]);
  const prefix = group ? `${programName} ${first}` : programName;
  const hint = near ? `Did you mean '${prefix} ${near}'?\n\n` : '';
  const usage = group ? `Usage:  ${prefix}\n\n` : '';
  return new CliError(
    `${programName}: unknown command: ${prefix} ${group ? second : first}\n\n${hint}${usage}Run '${prefix} --help' for more information`,
  );
}

function badFlag(error: FlagError, usage: string, invoked: string): CliError {
  const hint = error.suggestion ? `Did you mean '${error.suggestion}'?\n\n` : '';
  return new CliError(
    `${error.message}\n\n${hint}Usage:  ${usage}\n\nRun '${invoked} --help' for more information`,
    BAD_FLAG,
  );
}

function style(shell: Shell): HelpStyle {
  return { programName: shell.programName, columns: shell.columns() };
}
