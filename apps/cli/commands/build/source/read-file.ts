import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { errnoOf } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';
import type { SourceFile } from './walk.ts';
import { unreadable } from './walk.ts';

const CHUNK = 256 * 1024;

/**
 * The content of a context's file in chunks that are valid until the next one: exactly as many bytes as the walk saw. A file
 * that was replaced by a link, a pipe or a longer or shorter one meanwhile is an error that names it.
 */
export function* readSource({ full, path, stat }: Pick<SourceFile, 'full' | 'path' | 'stat'>): Generator<Buffer, void> {
  const fd = openPlain(full, path);
  try {
    const now = fstatSync(fd);
    if (!now.isFile() || now.size !== stat.size) throw changed(path);
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, stat.size)));
    for (let left = stat.size; left > 0; ) {
      const count = readSync(fd, chunk, 0, Math.min(chunk.length, left), null);
      if (count === 0) throw changed(path);
      left -= count;
      yield chunk.subarray(0, count);
    }
    if (isOther(now, fstatSync(fd))) throw changed(path);
  } finally {
    closeSync(fd);
  }
}

function openPlain(full: string, path: string): number {
  try {
    // Neither a link that came in its place is followed, nor a pipe waited for.
    return openSync(full, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EACCES' || errno === 'EPERM') throw unreadable(full);
    if (errno === 'ENOENT' || errno === 'ELOOP' || errno === 'ENXIO') throw changed(path);
    throw error;
  }
}

const isOther = (a: Stats, b: Stats) => a.size !== b.size || a.mtimeMs !== b.mtimeMs;

function changed(path: string): CliError {
  return new CliError(`cannot send the build context: ${path} changed while it was being read`);
}
