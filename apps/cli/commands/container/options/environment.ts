import { CliError } from '../../../cli-error.ts';
import { readLines } from './line-file.ts';

/** `-e NAME=value`, or `-e NAME` for the value it has here; pflag's reason when there is no name. */
export function checkEnv(text: string): string {
  if (/^(=|$)/.test(text)) throw new Error(`invalid environment variable: ${text}`);
  return text;
}

/**
 * Environment of files, then of flags. A name alone takes the client's value; from a flag an unknown one goes on as it
 * is, which unsets the image's.
 */
export function readEnv(
  files: readonly string[],
  flags: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const lookUp = (name: string) => {
    const value = environment[name];
    return value === undefined ? undefined : `${name}=${value}`;
  };
  const fromFiles = files.flatMap((file) => readLines(file, 'env file', lookUp));
  return [...fromFiles, ...flags.map((text) => (text.includes('=') ? text : (lookUp(text) ?? text)))];
}

/** Of texts with the same name the last one, in the place of the first, as Docker's client sends `-e`. */
export function lastOfEach(texts: readonly string[]): string[] {
  return [...new Map(texts.map((text) => [splitPair(text)[0], text])).values()];
}

/** Reads labels of files, then of flags; a name alone has an empty value in a flag, and is passed over in a file. */
export function readLabels(files: readonly string[], flags: readonly string[]): Record<string, string> {
  const fromFiles = files.flatMap((file) => readLines(file, 'label file', () => undefined));
  return Object.fromEntries([...fromFiles, ...flags].map(splitPair));
}

/** pflag's reason for a label without a name. */
export function checkLabel(text: string): string {
  if (/^(=|$)/.test(text)) throw new Error(`invalid label '${text}': empty name`);
  return text;
}

/** `name=value` at the first `=`; the value is empty when there is none. */
export function splitPair(text: string): [name: string, value: string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** `name=value` texts to an object; later ones win. */
export function readPairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map(splitPair));
}

/** Driver options must have a value: throws `message` otherwise. */
export function readStrictPairs(texts: readonly string[], message: string): Record<string, string> {
  if (texts.some((text) => !text.includes('='))) throw new CliError(message);
  return readPairs(texts);
}
