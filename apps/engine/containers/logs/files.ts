import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '@berth/kit';

/** One file of a log. */
export interface LogFile {
  path: string;
  /** Place in the order, oldest first; a file keeps its number when it is rotated, so readers can name where they are. */
  number: number;
  /** gzip. Only rotated files are. */
  compressed: boolean;
}

/**
 * The files of one log, oldest first. The monitor writes to PATH; rotating renames it to `PATH.N`, N one more than before,
 * and compressing makes `PATH.N.gz` of that. PATH itself has the number that it will get. Files that do not exist are
 * left out; never throws for a missing directory.
 */
export function logFiles(path: string): LogFile[] {
  const prefix = `${basename(path)}.`;
  const directory = dirname(path);
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
  const rotated = new Map<number, LogFile>();
  for (const name of names) {
    const [, digits, gz] = name.startsWith(prefix)
      ? (/^([1-9]\d{0,14})(\.gz)?$/.exec(name.slice(prefix.length)) ?? [])
      : [];
    if (digits === undefined) continue;
    const file = { path: join(directory, name), number: Number(digits), compressed: gz !== undefined };
    // Both are there when an engine was killed between compressing a file and removing it.
    if (!file.compressed || !rotated.has(file.number)) rotated.set(file.number, file);
  }
  const files = [...rotated.values()].sort((a, b) => a.number - b.number);
  if (names.includes(basename(path))) files.push({ path, number: (files.at(-1)?.number ?? 0) + 1, compressed: false });
  return files;
}

/** Bytes of a file on disk, 0 when it is gone. */
export function sizeOnDisk(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 0 : Math.min(stat.size, stat.blocks * 512);
}
