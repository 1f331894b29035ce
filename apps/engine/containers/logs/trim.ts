import { closeSync, openSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '@berth/kit';
import { punchHole } from '../../linux/punch-hole.ts';
import { type LogFile, logFiles, sizeOnDisk } from './files.ts';

/** Rotated files are somewhat larger than asked, by what is written while the engine looks; together at most this much. */
const SLACK = 1.5;

/**
 * Removes the oldest rotated files of a log beyond `maxFiles` (the live one counts), or beyond what so many files of
 * `maxSize` bytes may hold. Of one that is larger than that alone only its end is kept. `needed`: number of the first
 * file that a reader still needs; from there on all stay as long as the file system has as much room again.
 * False when more is kept for readers than otherwise would be.
 */
export function trimLog(
  path: string,
  limits: { maxSize: number; maxFiles: number },
  needed: number | undefined,
): boolean {
  const rotated = logFiles(path).filter((file) => file.path !== path);
  const last = rotated.at(-1);
  if (!last) return true;
  const count = Math.max(1, limits.maxFiles - 1);
  const room = count * limits.maxSize;
  let left = rotated.length;
  let bytes = rotated.reduce((sum, file) => sum + sizeOnDisk(file.path), 0);
  for (const file of rotated) {
    if (left <= count && bytes <= room * SLACK) return true;
    if (needed !== undefined && file.number >= needed && hasRoomFor(path, bytes)) return false;
    if (file === last) break;
    bytes -= sizeOnDisk(file.path);
    left--;
    rmSync(file.path, { force: true });
  }
  if (!last.compressed) cutFront(last, room);
  return true;
}

/** Removes what is in a rotated file; the file stays, because it holds the number that later ones count on from. */
export function forgetLines(file: LogFile): void {
  if (statSync(file.path, { throwIfNoEntry: false })?.size === 0) return;
  // Another file in its place: whoever has the old one open reads it to its end.
  const empty = `${file.path}-new`;
  writeFileSync(empty, '', { mode: 0o640 });
  renameSync(empty, file.path);
}

function cutFront(file: LogFile, room: number): void {
  const size = sizeOnDisk(file.path);
  if (size <= room * SLACK) return;
  const fd = openSync(file.path, 'r+');
  try {
    punchHole(fd, 0, statSync(file.path).size - room);
  } catch (error) {
    // On such file systems it stays whole until it is rotated away.
    if (errnoOf(error) !== 'EOPNOTSUPP') throw error;
  } finally {
    closeSync(fd);
  }
}

function hasRoomFor(path: string, bytes: number): boolean {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize > bytes;
}
