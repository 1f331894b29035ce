import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { errnoOf } from '@berth/kit';

/** Half of what a path may have (PATH_MAX), so that there is room for names below. */
const LONG = 2048;

/**
 * Removes a directory with all that is in it, however deep: what no path leads to is moved up first. Only for trees that
 * nobody else changes any more. Nothing there is no error. Errors: those of rm and rename.
 */
export async function removeTree(path: string): Promise<void> {
  for (;;) {
    try {
      await rm(path, { recursive: true, force: true });
      return;
    } catch (error) {
      if (errnoOf(error) !== 'ENAMETOOLONG') throw error;
      const top = Buffer.from(path);
      if ((await raise(top, top)) === 0) throw error;
    }
  }
}

/** Moves directories with long paths to the top; how many, with those that vanished: a failed rm goes on for a while. */
async function raise(directory: Buffer, top: Buffer): Promise<number> {
  try {
    if (directory.length - top.length > LONG) {
      await rename(directory, join(top, Buffer.from(randomUUID())));
      return 1;
    }
    let moved = 0;
    for (const entry of await readdir(directory, { encoding: 'buffer', withFileTypes: true }))
      if (entry.isDirectory()) moved += await raise(join(directory, entry.name), top);
    return moved;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 1;
    throw error;
  }
}

function join(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}
