import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type LogFile, logFiles } from './files.ts';

/** A file must have been rotated so many milliseconds ago: those of a program that writes very fast go before that. */
const SETTLED = 2000;

/** The oldest rotated file that is worth compressing; `needed`: number of the first that a reader still needs. */
export function compressible(path: string, needed: number | undefined): LogFile | undefined {
  return logFiles(path).find(
    (file) =>
      file.path !== path && !file.compressed && (needed === undefined || file.number < needed) && isSettled(file.path),
  );
}

function isSettled(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.size > 0 && Date.now() - stat.mtimeMs > SETTLED;
}

/** Puts `PATH.N.gz` in the place of `PATH.N`. Readers that have it open are not disturbed. */
export async function compressFile(file: LogFile): Promise<void> {
  const target = `${file.path}.gz`;
  const unfinished = `${file.path}-new`;
  try {
    await pipeline(
      createReadStream(file.path, { highWaterMark: 256 * 1024 }),
      createGzip(),
      createWriteStream(unfinished, { mode: 0o640 }),
    );
    if (!existsSync(file.path)) return; // rotated away meanwhile
    await rename(unfinished, target);
    await rm(file.path, { force: true });
  } finally {
    await rm(unfinished, { force: true });
  }
}
