import { readBoolean } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';
import { splitCsv } from '../../container/options/csv.ts';

/** `type=local,dest="a,b"` as an object; keys in lower case. Throws CliError naming the flag. */
export function readAttributes(text: string, flag: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const field of fields(text, flag)) {
    const equals = field.indexOf('=');
    if (equals < 0) throw new CliError(`invalid value ${field} for --${flag}: must be a key=value pair`);
    pairs[field.slice(0, equals).trim().toLowerCase()] = field.slice(equals + 1);
  }
  return pairs;
}

function fields(text: string, flag: string): string[] {
  try {
    return splitCsv(text);
  } catch (error) {
    throw new CliError(`invalid value for --${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Refuses keys that are not known. */
export function onlyKeys(pairs: Record<string, string>, known: readonly string[], flag: string): void {
  for (const key of Object.keys(pairs))
    if (!known.includes(key)) throw new CliError(`invalid value for --${flag}: unexpected key '${key}'`);
}

/** The truth that `key` has; undefined where it is not given. Throws CliError for what is neither `true` nor `false`. */
export function readTruth(pairs: Record<string, string>, key: string, flag: string): boolean | undefined {
  const text = pairs[key];
  if (text === undefined) return undefined;
  const read = readBoolean(text);
  if (read === undefined) throw new CliError(`invalid value for --${flag}: ${key}=${text} is neither true nor false`);
  return read;
}
