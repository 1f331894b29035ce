import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readVariables } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import type { ProgressMode } from './compose.ts';

/** Exit code for a command line that cannot be read, as Compose has it. */
export const BAD_SYNTAX = 16;

const MODES: Readonly<Record<string, ProgressMode>> = {
  '': 'auto',
  auto: 'auto',
  tty: 'tty',
  plain: 'plain',
  json: 'json',
  quiet: 'quiet',
  none: 'quiet',
};

/** A value of `--progress`; throws CliError for a word that is none. */
export function readProgress(word: string): ProgressMode {
  const mode = Object.hasOwn(MODES, word) ? MODES[word] : undefined;
  if (mode === undefined)
    throw new CliError(
      `unsupported --progress value ${JSON.stringify(word)}; accepted are "auto", "tty", "plain", "json" and "quiet"`,
    );
  return mode;
}

/** Whether colours and movements of the cursor are wished: `--ansi`, COMPOSE_ANSI. Throws CliError. */
export function readAnsi(flags: FlagValues, { env }: Pick<Context, 'env'>): string {
  if (flags.bool('no-ansi') && flags.changed('ansi'))
    throw new CliError('--no-ansi is deprecated and cannot be combined with --ansi; please use --ansi alone');
  const wish = flags.bool('no-ansi')
    ? 'never'
    : flags.changed('ansi')
      ? flags.string('ansi')
      : env.COMPOSE_ANSI || 'auto';
  if (['auto', 'never', 'always'].includes(wish)) return wish;
  throw new CliError(
    `unknown --ansi value: ${JSON.stringify(wish)}; accepted are "never", "always" and "auto"`,
    BAD_SYNTAX,
  );
}

/** A way of showing that needs a cursor cannot do without, nor one of lines with it. Throws CliError. */
export function checkTogether(progress: ProgressMode, ansi: string): void {
  if (progress === 'tty' && ansi === 'never')
    throw new CliError("can't use --progress tty while ANSI support is disabled");
  if (progress === 'plain' && ansi === 'always')
    throw new CliError("can't use --progress plain while ANSI support is forced");
}

/** How many calls at once: `--parallel`, COMPOSE_PARALLEL_LIMIT. See `Compose`. Throws CliError. */
export function readParallel(flags: FlagValues, { env }: Pick<Context, 'env'>): number | undefined {
  const text = env.COMPOSE_PARALLEL_LIMIT ?? '';
  if (!flags.changed('parallel') && text === '') return undefined;
  if (!flags.changed('parallel') && !/^[-+]?\d+$/.test(text))
    throw new CliError(`COMPOSE_PARALLEL_LIMIT must be an integer (found: ${JSON.stringify(text)})`);
  const limit = flags.changed('parallel') ? flags.number('parallel') : Number(text);
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

/** What this program does not have is said before anything is done; what is to be written otherwise is said as well. */
export function checkGlobal(flags: FlagValues, { err }: Pick<Context, 'err'>): void {
  if (flags.list('insecure-registry').length)
    throw new CliError('--insecure-registry is not supported by Berth: Compose files are not read from registries');
  if (flags.string('workdir') && flags.string('project-directory'))
    throw new CliError(
      '--workdir is deprecated and cannot be combined with --project-directory; please use --project-directory alone',
    );
  if (flags.bool('no-ansi')) err.write("option '--no-ansi' is DEPRECATED ! Please use '--ansi' instead.\n");
  if (flags.string('workdir'))
    err.write("option '--workdir' is DEPRECATED at root level! Please use '--project-directory' instead.\n");
}

/** Variables for Compose itself, COMPOSE_FILE and the like, come from files of variables too, behind the environment's. */
export function withFileVariables(context: Context, flags: FlagValues): Context {
  const { env } = context;
  const cwd = process.cwd();
  const named = flags.list('env-file').length ? flags.list('env-file') : (env.COMPOSE_ENV_FILES ?? '').split(',');
  // A pipe can be read once only, by what loads the project.
  if (!named.every((file) => file === '' || isFile(resolve(cwd, file)))) return context;
  const [first = '-'] = flags.list('file');
  const given = flags.string('project-directory') || flags.string('workdir');
  const folder = resolve(cwd, given || (first === '-' ? '.' : dirname(first)));
  let own: [string, string][];
  try {
    const { variables } = readVariables(flags.list('env-file'), folder, cwd, env);
    own = [...variables].flatMap(([name, { value }]) =>
      name.startsWith('COMPOSE_') && env[name] === undefined ? [[name, value]] : [],
    );
  } catch {
    return context; // what loads the project says what is wrong with a file
  }
  if (own.length === 0) return context;
  return Object.create(context, { env: { value: { ...Object.fromEntries(own), ...env } } });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
