import { describeError } from '@berth/kit';
import { checkArity } from '../../arity.ts';
import { CliError } from '../../cli-error.ts';
import type { Command, FlagSpec } from '../../command.ts';
import type { Context } from '../../context.ts';
import { FlagError, nearest, parseFlags } from '../../flags/parse.ts';
import { flagUsages } from '../../flags/usage.ts';
import type { FlagValues } from '../../flags/values.ts';
import { commandHelp, usageLine } from '../../help.ts';
import type { Compose, ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/global.ts';
import {
  BAD_SYNTAX,
  checkGlobal,
  checkTogether,
  readAnsi,
  readParallel,
  readProgress,
  withFileVariables,
} from './global-wishes.ts';
import { type ComposeEntry, composeCommands } from './index.ts';
import { sharedScreen } from './view/screen.ts';

const DRY_RUN: FlagSpec = { long: 'dry-run', type: 'bool', help: 'Execute command in dry run mode' };

/** `compose` with everything behind it: flags of its own, then a command with its flags. */
export const command: Command = {
  usage: '[OPTIONS] COMMAND',
  description: 'Define and run multi-container applications with Docker',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  passThrough: true,
  ownHelp: (words, { programName, columns }) => askedHelp(words, programOf(programName), columns),
  run: (context, { args }) => runCompose(context, args),
};

function programOf(programName: string): string {
  return programName === 'docker-compose' ? 'docker-compose' : `${programName} compose`;
}

async function runCompose(context: Context, words: readonly string[]): Promise<number> {
  const program = programOf(context.programName);
  const { args, flags } = read(words, FLAGS, false, `${program} [OPTIONS] COMMAND`, program);
  if (flags.bool('version')) return runWords(context, program, flags, ['version']);
  if (args.length === 0) {
    context.err.write(rootHelp(program, context.out.size()?.columns ?? 80));
    return 1;
  }
  return runWords(context, program, flags, args);
}

async function runWords(
  context: Context,
  program: string,
  flags: FlagValues,
  words: readonly string[],
): Promise<number> {
  const found = find(words);
  if (!found) throw unknownCommand(program, words);
  const { entry, rest, called } = found;
  const own = await entry.load();
  const usage = usageLine(called, asCommand(own), program);
  const invoked = `${program} ${called}`;
  const parsed = read(rest, [...own.flags, DRY_RUN], own.interspersed ?? true, usage, invoked);
  checkArity(parsed.args.length, own.args, { invoked, usage, programName: program });
  const compose = makeCompose(context, program, flags, parsed.flags.bool('dry-run'));
  try {
    return await own.run(compose, { flags: parsed.flags, args: parsed.args, invoked });
  } catch (error) {
    throw compose.progress === 'json' ? asJson(error) : error;
  }
}

/** Who reads JSON of what is done reads JSON of what has failed. */
function asJson(error: unknown): unknown {
  const message = describeError(error);
  if (message === '') return error;
  return new CliError(JSON.stringify({ error: true, message }), error instanceof CliError ? error.exitCode : 1);
}

/** The help that a command line asks for; undefined when it asks for none. */
async function askedHelp(words: readonly string[], program: string, columns: number): Promise<string | undefined> {
  const global = read(words, FLAGS, false, `${program} [OPTIONS] COMMAND`, program);
  if (global.help) return rootHelp(program, columns);
  const isHelp = global.args[0] === 'help';
  const args = isHelp ? global.args.slice(1) : global.args;
  if (isHelp && args.length === 0) return rootHelp(program, columns);
  const found = find(args);
  if (!found) return groupHelp(program, args, columns);
  const { entry, rest, called } = found;
  const own = await entry.load();
  const specs = [...own.flags, DRY_RUN];
  const usage = usageLine(called, asCommand(own), program);
  if (!isHelp && !read(rest, specs, own.interspersed ?? true, usage, `${program} ${called}`).help) return undefined;
  const style = { programName: program, columns };
  return commandHelp(called, shownEntry(entry), { ...asCommand(own), flags: specs }, style);
}

function makeCompose(given: Context, program: string, flags: FlagValues, dryRun: boolean): Compose {
  const shared = sharedScreen(given.out, given.err);
  const context: Context = Object.create(withFileVariables(given, flags), {
    out: { value: shared.out },
    err: { value: shared.err },
  });
  const classic = program === 'docker-compose';
  const wish = readAnsi(flags, context);
  const progress = readProgress(flags.string('progress') || context.env.COMPOSE_PROGRESS || '');
  checkTogether(progress, wish);
  checkGlobal(flags, context);
  const ansi = (stream: { colors: boolean }) => wish === 'always' || (wish === 'auto' && stream.colors);
  const isOld = flags.bool('compatibility') || /^(1|true)$/i.test(context.env.COMPOSE_COMPATIBILITY ?? '');
  return {
    context,
    flags,
    style: classic || isOld ? 'classic' : 'current',
    classic,
    program,
    dryRun: dryRun || flags.bool('dry-run'),
    progress,
    parallel: readParallel(flags, context),
    area: shared.area,
    ansi: { out: ansi(context.out), err: ansi(context.err) },
  };
}

function read(
  words: readonly string[],
  specs: readonly FlagSpec[],
  interspersed: boolean,
  usage: string,
  invoked: string,
): ReturnType<typeof parseFlags> {
  try {
    return parseFlags(words, specs, interspersed);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const hint = error.suggestion ? `Did you mean '${error.suggestion}'?\n\n` : '';
    throw new CliError(
      `${describeError(error)}\n\n${hint}Usage:  ${usage}\n\nRun '${invoked} --help' for more information`,
      BAD_SYNTAX,
    );
  }
}

const short = (path: string) => path.replace(/^compose /, '');

function find(words: readonly string[]): { entry: ComposeEntry; rest: readonly string[]; called: string } | undefined {
  for (let length = Math.min(3, words.length); length > 0; length--) {
    const called = words.slice(0, length).join(' ');
    for (const entry of composeCommands)
      if ([entry.path, ...(entry.aliases ?? [])].some((path) => short(path) === called))
        return { entry, rest: words.slice(length), called };
  }
  return undefined;
}

function unknownCommand(program: string, words: readonly string[]): CliError {
  const [first = ''] = words;
  const near = nearest(
    first,
    composeCommands.map((entry) => short(entry.path)),
  );
  const hint = near ? `\nDid you mean '${program} ${near}'?\n` : '';
  return new CliError(
    `unknown ${program} command: ${JSON.stringify(`compose ${first}`)}\n${hint}\nRun '${program} --help' for more information`,
    BAD_SYNTAX,
  );
}

/** Help texts are made from the client's own kind of command. */
function asCommand({ usage, description, flags, args }: ComposeCommand): Command {
  return { usage, ...(description !== undefined && { description }), flags, args, run: async () => 0 };
}

function shownEntry(entry: ComposeEntry) {
  return {
    path: short(entry.path),
    summary: entry.summary,
    ...(entry.aliases && { aliases: entry.aliases.map(short) }),
    load: async () => asCommand(await entry.load()),
  };
}

function rootHelp(program: string, width: number): string {
  const top = new Map<string, string>();
  for (const { path, summary, hidden } of composeCommands) {
    const [word = '', second] = short(path).split(' ');
    if (!hidden) top.set(word, second === undefined ? summary : 'Convert compose files into another model');
  }
  return [
    `Usage:  ${program} [OPTIONS] COMMAND\n`,
    'Define and run multi-container applications with Docker\n',
    `Options:\n${flagUsages(FLAGS, width - 1)}`,
    `Commands:\n${table([...top])}`,
    `Run '${program} COMMAND --help' for more information on a command.\n`,
  ].join('\n');
}

/** Help of words that only group commands; undefined when they do not. */
function groupHelp(program: string, words: readonly string[], width: number): string | undefined {
  const isHelp = (word: string) => word === '--help' || word === '-h';
  const path = words.filter((word) => !isHelp(word)).join(' ');
  const members = composeCommands.filter((entry) => short(entry.path).startsWith(`${path} `));
  if (path === '' || members.length === 0) return undefined;
  const rows = members.map(({ path: all, summary }): [string, string] => [short(all).slice(path.length + 1), summary]);
  return [
    `Usage:  ${program} ${path} [OPTIONS] COMMAND\n`,
    `${path === 'bridge' ? 'Convert compose files into another model' : 'Manage transformation images'}\n`,
    `Options:\n${flagUsages([DRY_RUN], width - 1)}`,
    `Commands:\n${table(rows)}`,
    `Run '${program} ${path} COMMAND --help' for more information on a command.\n`,
  ].join('\n');
}

function table(rows: readonly (readonly [string, string])[]): string {
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(11, ...sorted.map(([name]) => name.length));
  return sorted.map(([name, summary]) => `  ${name.padEnd(width)} ${summary}\n`).join('');
}
