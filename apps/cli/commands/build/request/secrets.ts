import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import { onlyKeys, readAttributes } from './attributes.ts';

/** BuildKit's bound. */
const SECRET_MAX = 500 * 1024;

/**
 * Contents of `--secret`, by id, in base64: from a file (`src`), from the environment (`env`), or from whichever has the id as
 * its name. They go to the engine in a body, never in a URL. Throws CliError.
 */
export function readSecrets(texts: readonly string[], { env }: Pick<Context, 'env'>): Record<string, string> {
  return Object.fromEntries(texts.map((text) => readSecret(text, env)));
}

function readSecret(text: string, env: Context['env']): [id: string, content: string] {
  const pairs = readAttributes(text, 'secret');
  onlyKeys(pairs, ['id', 'src', 'source', 'env', 'type'], 'secret');
  const { id = '', type = '' } = pairs;
  if (id === '') throw new CliError('invalid value for --secret: id is missing');
  if (!['', 'file', 'env'].includes(type)) throw new CliError(`unsupported secret type ${JSON.stringify(type)}`);
  if (type === 'file' && pairs.env !== undefined)
    throw new CliError(`invalid value for --secret: type=file and env=${pairs.env} exclude each other`);
  const given = pairs.src ?? pairs.source;
  // With type=env both mean a variable, as in BuildKit.
  const variable = pairs.env ?? (type === 'env' ? (given ?? id) : undefined);
  if (variable !== undefined) return [id, encode(id, Buffer.from(env[variable] ?? missing(id, variable)))];
  if (given === undefined && type === '' && env[id] !== undefined) return [id, encode(id, Buffer.from(env[id] ?? ''))];
  return [id, encode(id, readFile(id, given ?? id))];
}

function missing(id: string, variable: string): never {
  throw new CliError(`could not parse secret ${id}: the environment has no ${variable}`);
}

function encode(id: string, content: Buffer): string {
  if (content.length > SECRET_MAX) throw new CliError(`invalid secret size for ${id}: at most ${SECRET_MAX} bytes`);
  return content.toString('base64');
}

function readFile(id: string, path: string): Buffer {
  try {
    if (statSync(path).isDirectory()) throw new CliError(`could not read secret ${id}: ${path} is a directory`);
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw new CliError(`failed to stat ${path}: no such file or directory`);
    if (errnoOf(error) === 'EACCES') throw new CliError(`open ${path}: permission denied`);
    throw error;
  }
}
