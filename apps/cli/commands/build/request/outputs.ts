import { statSync } from 'node:fs';
import { CliError } from '../../../cli-error.ts';
import type { FlagValues } from '../../../flags/values.ts';
import { onlyKeys, readAttributes, readTruth } from './attributes.ts';
import { checkTag } from './tag.ts';

/** Where the result of a build goes. */
export type BuildOutput =
  /** Into the engine, perhaps on to registries. */
  | { type: 'image'; push: boolean }
  /** An archive of the image; `dest` is a file, or `-` for stdout. */
  | { type: 'docker' | 'oci'; dest: string }
  /** The files of the last stage, as an archive or in a directory. */
  | { type: 'tar' | 'local'; dest: string }
  /** Nowhere: only the cache is filled. */
  | { type: 'cacheonly' };

export interface Outputs {
  outputs: BuildOutput[];
  /** Further names of the image, from `name=`. */
  names: string[];
}

/** What each type has keys for beside its own. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  image: ['name', 'push'],
  registry: ['name', 'push'],
  docker: ['dest', 'name', 'tar'],
  oci: ['dest', 'name', 'tar'],
  tar: ['dest'],
  local: ['dest'],
  cacheonly: [],
};

/** Reads `--output`, `--push`, `--load`. Throws CliError for what cannot be done. */
export function readOutputs(flags: FlagValues, stdoutIsTerminal: boolean): Outputs {
  const names: string[] = [];
  const outputs = flags.list('output').map((text) => readOutput(text, names));
  if (flags.bool('push')) outputs.push({ type: 'image', push: true });
  if (flags.bool('load') && !outputs.some(({ type }) => type === 'image')) outputs.push({ type: 'image', push: false });
  if (outputs.length === 0) outputs.push({ type: 'image', push: false });
  const toStdout = outputs.filter((output) => 'dest' in output && output.dest === '-');
  if (toStdout.length > 1) throw new CliError('only one output can go to standard output');
  const [first] = toStdout;
  if (first && stdoutIsTerminal)
    throw new CliError(`dest file is required for ${first.type} exporter. refusing to write to console`);
  if (outputs.some((output) => output.type === 'image' && output.push) && flags.list('tag').length + names.length === 0)
    throw new CliError('tag is needed when pushing to registry');
  return { outputs, names };
}

function readOutput(text: string, names: string[]): BuildOutput {
  if (text === '-') return { type: 'tar', dest: '-' };
  if (!text.includes('=')) return { type: 'local', dest: checkDirectory(text) };
  const pairs = readAttributes(text, 'output');
  const { type = '', dest = '', name = '' } = pairs;
  if (type === '') throw new CliError(`type is required for output`);
  const keys = Object.hasOwn(KEYS, type) ? KEYS[type] : undefined;
  if (keys === undefined) throw new CliError(`exporter ${JSON.stringify(type)} could not be found`);
  const flag = `output type=${type}`;
  onlyKeys(pairs, ['type', ...keys], flag);
  if (readTruth(pairs, 'tar', flag) === false)
    throw new CliError(`output type=${type} writes an archive only: tar=${pairs.tar} is not supported`);
  if (name !== '') for (const one of name.split(',')) names.push(validName(one));
  switch (type) {
    case 'image':
    case 'registry':
      return { type: 'image', push: readTruth(pairs, 'push', flag) ?? type === 'registry' };
    case 'docker':
      // Without a file it is loaded, which is where images are anyway.
      return dest === '' ? { type: 'image', push: false } : { type, dest: checkFile(dest) };
    case 'oci':
      return { type, dest: checkFile(dest === '' ? '-' : dest) };
    case 'tar':
      return { type, dest: checkFile(dest === '' ? '-' : dest) };
    case 'local':
      if (dest === '') throw new CliError('dest is required for local output');
      return { type, dest: checkDirectory(dest) };
    case 'cacheonly':
      return { type };
    default:
      throw new CliError(`exporter ${JSON.stringify(type)} could not be found`);
  }
}

function validName(text: string): string {
  try {
    return checkTag(text);
  } catch (error) {
    throw new CliError(
      `invalid name ${JSON.stringify(text)} for --output: ${error instanceof Error ? error.message : text}`,
    );
  }
}

function checkFile(path: string): string {
  if (path !== '-' && statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new CliError(`destination file ${path} is a directory`);
  return path;
}

function checkDirectory(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat && !stat.isDirectory()) throw new CliError(`destination directory ${path} is a file`);
  return path;
}
