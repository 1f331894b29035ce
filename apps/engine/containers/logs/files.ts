import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '@berth/kit';

/**
 * The files of one log, oldest first: `PATH.2`, `PATH.1`, `PATH`. The monitor writes to PATH; rotating renames it to
 * PATH.1 and shifts the others. Files that do not exist are left out; never throws for a missing directory.
 */
export function logFiles(path: string): string[] {
  const prefix = `${basename(path)}.`;
  let names: string[];
  try {
    names = readdirSync(dirname(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
  const numbers = names
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d{0,5}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => b - a);
  const rotated = numbers.map((number) => join(dirname(path), prefix + number));
  return names.includes(basename(path)) ? [...rotated, path] : rotated;
}

/** The file that follows the one with this inode, or undefined while there is none. A file no longer there: the oldest. */
export function fileAfter(path: string, inode: bigint): string | undefined {
  const files = logFiles(path);
  const index = files.findIndex((file) => inodeOf(file) === inode);
  return files[index + 1];
}

function inodeOf(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
}
