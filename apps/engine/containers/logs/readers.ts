import { resolve } from 'node:path';

/** Somebody who reads a log and needs its files from one on. */
export interface LogReader {
  /** Number of the file that is being read; it and those after it are needed. */
  readonly at: number;
}

interface Readers {
  readonly all: Set<LogReader>;
  readonly waiting: Set<() => void>;
}

/** Who reads which log, in this process. */
const byPath = new Map<string, Readers>();

/** Announces a reader of a log; returns how to take it back. */
export function addReader(path: string, reader: LogReader): () => void {
  const key = resolve(path);
  const readers = byPath.get(key) ?? { all: new Set(), waiting: new Set() };
  byPath.set(key, readers);
  readers.all.add(reader);
  return () => {
    readers.all.delete(reader);
    if (readers.all.size > 0 || byPath.get(key) !== readers) return;
    byPath.delete(key);
    for (const done of readers.waiting) done();
  };
}

/** Number of the oldest file of a log that somebody still needs; undefined when nobody reads. */
export function oldestNeeded(path: string): number | undefined {
  const readers = byPath.get(resolve(path));
  return readers && Math.min(...[...readers.all].map((reader) => reader.at));
}

/** Resolves when nobody reads this log any more. */
export function withoutReaders(path: string): Promise<void> {
  const readers = byPath.get(resolve(path));
  if (!readers) return Promise.resolve();
  return new Promise((done) => readers.waiting.add(done));
}
