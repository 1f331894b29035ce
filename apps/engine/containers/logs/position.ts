import { statSync } from 'node:fs';
import { logFiles } from './files.ts';

/** A place in a log: the number of one of its files and an offset in it, at the start of an entry. */
export interface LogPosition {
  number: number;
  offset: number;
}

/** Bytes of a log behind a position. */
export function bytesBehind(path: string, at: LogPosition): number {
  return logFiles(path)
    .filter(({ number }) => number >= at.number)
    .reduce((sum, file) => {
      const size = statSync(file.path, { throwIfNoEntry: false })?.size ?? 0;
      return sum + (file.number === at.number ? Math.max(0, size - at.offset) : size);
    }, 0);
}
