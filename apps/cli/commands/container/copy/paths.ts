import { posix } from 'node:path';

const { basename, dirname, normalize } = posix;

/** What is known of one end of a copy. */
export interface CopyEnd {
  path: string;
  exists: boolean;
  isDirectory: boolean;
  /** Name that the copy is to have where links led to one of another name. */
  rebaseName: string;
}

/** True for `.`, and for what ends in `/.`: the content of a directory is meant. */
export function isContentOf(path: string): boolean {
  return basename(path.endsWith('/') ? `${path}x` : path) === '.';
}

/** True when only a directory can be meant: a slash, `/.` or `/..` at the end. */
export function assertsDirectory(path: string): boolean {
  return path.endsWith('/') || isContentOf(path);
}

/** Absolute or not, without `.` and `..`, but with the `/` or `/.` at the end that has a meaning. */
export function keepEnd(cleaned: string, original: string): string {
  let path = cleaned;
  if (!isContentOf(path) && isContentOf(original)) path = path.endsWith('/') ? `${path}.` : `${path}/.`;
  if (!path.endsWith('/') && original.endsWith('/')) path += '/';
  return path;
}

/** The directory that a path lies in, and its name there; `.` for the content of a directory. */
export function splitEnd(path: string): { directory: string; base: string } {
  let cleaned = normalize(path).replace(/(?<=.)\/$/, '');
  if (isContentOf(path)) cleaned += '/.';
  return { directory: dirname(cleaned), base: basename(cleaned) };
}

/** The last part of a path, as Go has it: `/` for the root. */
export function lastPart(path: string): string {
  return /^\/+$/.test(path) ? '/' : basename(path);
}

/** What a path that was asked for is after its links were followed, and the name that it was asked for by, if another. */
export function rebased(path: string, resolved: string): { path: string; rebaseName: string } {
  const target = keepEnd(resolved, path);
  return { path: target, rebaseName: lastPart(path) === lastPart(target) ? '' : lastPart(path) };
}

/** Errors: the sentences of Docker. */
export class CopyError extends Error {}

/**
 * Where an archive is to be unpacked, and which name at its front becomes which other, so that the copy is what was asked
 * for: into a directory that is there, or under a new name. Throws CopyError.
 */
export function planCopy(from: CopyEnd, to: CopyEnd): { directory: string; rename: Rename | undefined } {
  if (to.exists && to.isDirectory) return { directory: to.path, rename: undefined };
  if (to.exists && from.isDirectory) throw new CopyError('cannot copy directory');
  if (!to.exists && !from.isDirectory && assertsDirectory(to.path)) throw new CopyError('no such directory');
  const { directory, base } = splitEnd(to.path);
  return { directory, rename: { from: from.rebaseName || splitEnd(from.path).base, to: base } };
}

export interface Rename {
  from: string;
  to: string;
}

/** The first occurrence of one name becomes the other. A root has its slash in every name already. */
export function applyRename(name: string, { from, to }: Rename): string {
  const old = from === '/' ? '' : from;
  const at = name.indexOf(old);
  return at < 0 ? name : name.slice(0, at) + to + name.slice(at + old.length);
}
