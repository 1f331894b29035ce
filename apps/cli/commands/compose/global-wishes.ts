import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import type { ProgressMode } from './compose.ts';

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

/** How many calls at once: `--parallel`, COMPOSE_PARALLEL_LIMIT. See `Compose`. Throws CliError. */
export function readParallel(flags: FlagValues, { env }: Pick<Context, 'env'>): number | undefined {
  const text = env.COMPOSE_PARALLEL_LIMIT ?? '';
  if (!flags.changed('parallel') && text === '') return undefined;
  if (!flags.changed('parallel') && !/^[-+]?\d+$/.test(text))
    throw new CliError(`COMPOSE_PARALLEL_LIMIT must be an integer (found: ${JSON.stringify(text)})`);
  const limit = flags.changed('parallel') ? flags.number('parallel') : Number(text);
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

/** What this program does not have is said before anything is done. */
export function refuseGlobal(flags: FlagValues): void {
  if (flags.list('insecure-registry').length)
    throw new CliError('--insecure-registry is not supported by Berth: Compose files are not read from registries');
}
