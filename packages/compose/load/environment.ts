import { closeSync, constants, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';
import { readEnvFile } from './dotenv.ts';
import type { Variable, Variables } from './interpolate.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of a project: those of the process win over those of the files; of files the last one wins. */
export interface ProjectVariables {
  variables: Variables;
  /** Absolute paths of the files that were read. */
  files: string[];
}

export function processVariables(env: Environment): Map<string, Variable> {
  const made = new Map<string, Variable>();
  for (const [name, value] of Object.entries(env))
    if (value !== undefined) made.set(name, { value, from: 'environment' });
  return made;
}

/** Reads `--env-file`, COMPOSE_ENV_FILES or `.env` in the project's folder. Errors: invalid for files that are not there. */
export function readVariables(
  given: readonly string[],
  folder: string,
  cwd: string,
  env: Environment,
  options: ReadOptions = { anyKind: true },
): ProjectVariables {
  const outside = processVariables(env);
  const files = envFiles(given, folder, cwd, env);
  const own = new Map<string, Variable>();
  for (const file of files) {
    // Not `not-found`, which is said where there is no project: one that was named is a mistake.
    if (!existsSync(file)) throw new BerthError('invalid', `couldn't find env file: ${file}`);
    const name = shownPath(file, cwd);
    const known = new Map([...own, ...outside]);
    for (const { name: key, value, line } of readEnvFile(readText(file, options), name, known))
      if (value !== undefined) own.set(key, { value, from: `${name}:${line}` });
  }
  return { variables: new Map([...own, ...outside]), files };
}

function envFiles(given: readonly string[], folder: string, cwd: string, env: Environment): string[] {
  if (given.length) return given.map((file) => resolve(cwd, file));
  const listed = env.COMPOSE_ENV_FILES;
  if (listed)
    return listed
      .split(',')
      .filter(Boolean)
      .map((file) => resolve(cwd, file));
  if (/^(1|true|y|yes|on|t)$/i.test(env.COMPOSE_DISABLE_ENV_FILE ?? '')) return [];
  const file = join(folder, '.env');
  return isFile(file) ? [file] : [];
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Bytes; an environment file is far smaller. */
const ENV_LIMIT = 1024 * 1024;

export interface ReadOptions {
  /** Bytes; what is longer is refused. */
  limit?: number;
  /** Pipes and devices too: for files that a person names, perhaps by `<(…)`, not those that a file names. */
  anyKind?: boolean;
}

/** Reads a file whole. Errors name it as Docker does; what is no regular file, and may never end, is refused. */
export function readText(file: string, { limit = ENV_LIMIT, anyKind = false }: ReadOptions = {}): string {
  let fd: number | undefined;
  try {
    // Opening a pipe without a writer would wait for one.
    fd = openSync(file, anyKind ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile() && !stat.isDirectory() && !anyKind)
      throw new BerthError('invalid', `open ${file}: not a regular file`);
    return readBounded(fd, file, limit);
  } catch (error) {
    if (error instanceof BerthError) throw error;
    const code = errnoOf(error);
    const reason = { ENOENT: 'no such file or directory', EACCES: 'permission denied', EISDIR: 'is a directory' }[
      code ?? ''
    ];
    throw new BerthError(code === 'ENOENT' ? 'not-found' : 'invalid', `open ${file}: ${reason ?? String(error)}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Whatever its size is said to be. */
function readBounded(fd: number, file: string, limit: number): string {
  const pieces: Buffer[] = [];
  for (let left = limit + 1, length = 1; length > 0; left -= length) {
    if (left === 0) throw new BerthError('invalid', `${file}: the file is larger than ${limit / 1024 / 1024} MiB`);
    const piece = Buffer.allocUnsafe(Math.min(left, 64 * 1024));
    length = readSync(fd, piece);
    pieces.push(piece.subarray(0, length));
  }
  return Buffer.concat(pieces).toString();
}

/** A path as people read it: relative below `cwd`, else absolute. */
export function shownPath(file: string, cwd: string): string {
  const from = relative(cwd, file);
  return from === '' || from.startsWith('..') ? file : from;
}
