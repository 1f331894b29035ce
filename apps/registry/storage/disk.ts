import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '@berth/kit';
import { DiskStage } from './disk-stage.ts';
import type { Sender, StorageDriver } from './driver.ts';
import { sendFile } from './send-file.ts';
import { syncDirectory } from './sync-directory.ts';

/** Blobs are read in pieces of this many bytes. */
const READ_BYTES = 256 * 1024;
/** Writers that lose their folder to a removal make it again; each time somebody else has made progress. */
const ATTEMPTS = 20;

/**
 * Objects as files below `root`: an object's key is its path. Files come into being under a name of their own in `tmp/`
 * (small objects) or `staged/` (uploads), are flushed, and are renamed to their place; then the folder is flushed.
 * Folders that become empty are removed.
 */
export function openDisk(root: string): StorageDriver {
  const temporary = join(root, 'tmp');
  const staged = join(root, 'staged');
  for (const folder of [root, temporary, staged]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(temporary)) rmSync(join(temporary, name), { recursive: true, force: true });
  const path = (key: string) => join(root, checkKey(key));
  return {
    read: (key, limit) => readSmall(path(key), limit),
    async write(key, bytes) {
      const name = join(temporary, randomBytes(12).toString('hex'));
      try {
        await writeNew(name, bytes);
        await moveInto(name, path(key));
      } catch (error) {
        await rm(name, { force: true }); // on a full disk it would be in the way
        throw error;
      }
    },
    async remove(key) {
      const file = path(key);
      await rm(file, { force: true });
      await removeEmpty(root, dirname(file));
    },
    async stat(key) {
      const facts = await absent(stat(path(key)));
      return facts?.isFile() ? { size: facts.size, modified: facts.mtimeMs } : undefined;
    },
    async open(key, range) {
      const file = await absent(open(path(key), 'r'));
      return file && createReadStream('', { fd: file, highWaterMark: READ_BYTES, ...range });
    },
    sender: (key, range) => openFileSender(path(key), range),
    children: (prefix) => childrenOf(path(prefix.replace(/\/$/, ''))),
    stage: async (id) => DiskStage.begin(join(staged, checkId(id)), id, (from, key) => moveInto(from, path(key))),
    reopen: async (id) =>
      absent(DiskStage.reopen(join(staged, checkId(id)), id, (from, key) => moveInto(from, path(key)))),
    async *stages() {
      for (const id of await readdir(staged)) {
        const facts = await absent(stat(join(staged, id)));
        if (facts) yield { id, size: facts.size, modified: facts.mtimeMs };
      }
    },
    close: async () => {},
  };
}

async function openFileSender(path: string, range?: { start: number; end: number }): Promise<Sender | undefined> {
  const file = await absent(open(path, 'r'));
  if (!file) return undefined;
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
  };
  return {
    async sendTo(sink) {
      try {
        await sendFile(file, range ?? { start: 0, end: (await file.stat()).size - 1 }, sink);
      } finally {
        await close();
      }
    },
    close,
  };
}

/** Keys are made of checked parts; this is the second look before one becomes a path. */
function checkKey(key: string): string {
  if (!/^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/.test(key) || /(?:^|\/)\.\.?(?:\/|$)/.test(key))
    throw new Error(`not a key: ${JSON.stringify(key.slice(0, 300))}`);
  return key;
}

function checkId(id: string): string {
  if (!/^[0-9a-f-]{8,64}$/.test(id)) throw new Error(`not an id: ${JSON.stringify(id.slice(0, 100))}`);
  return id;
}

async function readSmall(path: string, limit: number): Promise<Buffer | undefined> {
  const file = await absent(open(path, 'r'));
  if (!file) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile()) return undefined;
    if (facts.size > limit) throw new Error(`${path} has ${facts.size} bytes, more than the ${limit} allowed here`);
    return await readExactly(file, facts.size);
  } finally {
    await file.close();
  }
}

async function readExactly(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    // One without bytes is made to last with its name.
    if (bytes.byteLength > 0) await file.datasync();
  } finally {
    await file.close();
  }
}

/** Gives the flushed file `from` the name `to`, makes its folders, and makes all of this last. */
async function moveInto(from: string, to: string): Promise<void> {
  const folder = dirname(to);
  for (let attempt = 1; ; attempt++) {
    let made: string | undefined;
    try {
      await rename(from, to);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error;
      made = await mkdir(folder, { recursive: true, mode: 0o700 }).catch((failure) => {
        if (errnoOf(failure) !== 'ENOENT') throw failure;
        return undefined;
      });
      // New folders are entries of folders that must last too.
      for (let at = folder; made !== undefined && at.length >= made.length; at = dirname(at))
        await syncDirectory(dirname(at));
      continue;
    }
    // A removal may have taken the folder's last file and lost against ours: then the folder is ours.
    await syncDirectory(folder);
    return;
  }
}

/** Removes folders that are empty, upwards, but none of the first level. */
async function removeEmpty(root: string, folder: string): Promise<void> {
  for (let at = folder; dirname(at) !== root && at !== root; at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT') continue;
      if (errno === 'ENOTEMPTY' || errno === 'EEXIST') {
        await syncDirectory(at);
        return;
      }
      throw error;
    }
  }
}

async function* childrenOf(folder: string): AsyncGenerator<string> {
  const entries = (await absent(readdir(folder, { withFileTypes: true }))) ?? [];
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  yield* names.sort();
}

/** undefined in place of "no such file". */
async function absent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw error;
  }
}
