import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { errnoOf } from '@berth/kit';
import { type LogFile, logFiles } from './files.ts';

/**
 * Opens the file of a log that has this number, for reading at any place; undefined when there is none. Rotation and
 * compression may go on meanwhile.
 */
export async function openLogFile(path: string, number: number): Promise<FileHandle | undefined> {
  for (;;) {
    const file = logFiles(path).find((one) => one.number === number);
    if (!file) return undefined;
    const handle = await openFile(file);
    let right = false;
    try {
      // What is at PATH now may have become another file since it was listed.
      right = handle !== undefined && (file.path !== path || isLive(path, number));
    } finally {
      if (!right) await handle?.close();
    }
    if (right) return handle;
  }
}

function isLive(path: string, number: number): boolean {
  const last = logFiles(path).at(-1);
  return last?.path === path && last.number === number;
}

async function openFile(file: LogFile): Promise<FileHandle | undefined> {
  try {
    return file.compressed ? await unpack(file) : await open(file.path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined; // just rotated, compressed or removed
    throw error;
  }
}

let unpacked = 0;

/** Unpacks into a file without a name: it takes its space on disk for as long as it is open, and no memory. */
async function unpack(file: LogFile): Promise<FileHandle> {
  const path = join(dirname(file.path), `unpacked-${process.pid}-${++unpacked}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    await rm(path);
    await pipeline(
      createReadStream(file.path),
      createGunzip(),
      createWriteStream('', { fd: handle.fd, autoClose: false }),
    );
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}
