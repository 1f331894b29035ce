import { readBoolean } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import type { FlagValues } from '../../../flags/values.ts';
import type { ProgressMode } from './view.ts';

const NAMES: Readonly<Record<string, ProgressMode>> = {
  classic: 'classic',
  json: 'json',
  none: 'none',
  plain: 'plain',
  quiet: 'quiet',
  rawjson: 'json',
  tty: 'tty',
};

/**
 * Which view a build has: as told by `-q`, `--progress`, BUILDKIT_PROGRESS; else the classic one where DOCKER_BUILDKIT=0 asks
 * for the classic builder; else the live one on a terminal and the plain one elsewhere. See docs/decisions. Throws CliError.
 */
export function progressMode(flags: FlagValues, { env, err }: Pick<Context, 'env' | 'err'>): ProgressMode {
  const wanted = flags.changed('progress') ? flags.string('progress') : env.BUILDKIT_PROGRESS || 'auto';
  if (wanted !== 'auto' && !NAMES[wanted]) throw new CliError(`invalid progress mode ${wanted}`);
  const classic = isClassic(env.DOCKER_BUILDKIT);
  if (flags.bool('quiet')) return 'quiet';
  const isLive = err.isTerminal && env.TERM !== 'dumb';
  if (wanted === 'auto') return classic ? 'classic' : isLive ? 'tty' : 'plain';
  const mode = NAMES[wanted] ?? 'plain';
  return mode === 'tty' && !isLive ? 'plain' : mode;
}

function isClassic(value: string | undefined): boolean {
  if (value === undefined || value === '') return false;
  const isModern = readBoolean(value);
  if (isModern !== undefined) return !isModern;
  throw new CliError(
    `DOCKER_BUILDKIT environment variable expects boolean value: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}
