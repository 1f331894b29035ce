import { createHash, type Hash, randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';

/** Files of at most this many bytes are gathered in memory, so that one that is here already is not written again. */
const SMALL = 1024 * 1024;
/** The time of last use on disk is at most this much behind. */
const TOUCH_MS = 60 * 60 * 1000;
/** Written side by side, so that many small files do not wait for each other. */
const WRITERS = 16;
const ZEROS = Buffer.alloc(256 * 1024);

interface Known {
  size: number;
  /** Milliseconds since the epoch. */
  used: number;
  /** Contexts that need it now. */
  holds: number;
}

/** What a file turned out to be. */
export interface Stored {
  sha256: string;
  size: number;
}

/**
 * Contents of context files by their SHA-256, kept between builds so that what did not change is not sent again. Only a
 * cache: it is emptied after the machine was started anew (nothing here is flushed) and trimmed from the longest unused
 * on. What is held stays.
 */
export class ContextContents {
  readonly #root: string;
  #known: Promise<Map<string, Known>> | undefined;
  #writing = new Set<Promise<void>>();

  constructor(root: string) {
    this.#root = root;
    rmSync(join(root, 'ingest'), { recursive: true, force: true });
    dropAfterBoot(root);
    mkdirSync(join(root, 'ingest'), { recursive: true, mode: 0o700 });
  }

  path(sha256: string): string {
    return join(this.#root, 'files', sha256.slice(0, 2), sha256);
  }

  /** Holds those that are here with this size and gives the others back. */
  async hold(files: Iterable<Stored>): Promise<{ held: string[]; missing: string[] }> {
    const known = await this.#all();
    const held: string[] = [];
    const missing = new Set<string>();
    for (const { sha256, size } of files) {
      const found = known.get(sha256);
      if (found?.size !== size) missing.add(sha256);
      else {
        this.#take(sha256, found);
        held.push(sha256);
      }
    }
    return { held, missing: [...missing] };
  }

  /** Lets go of each of them once. */
  async release(held: Iterable<string>): Promise<void> {
    const known = await this.#all();
    for (const sha256 of held) {
      const found = known.get(sha256);
      if (found) found.holds--;
    }
  }

  /** Begins a file of `size` bytes; `end` stores and holds it. One at a time for each caller. */
  receive(size: number): Receiver {
    return size <= SMALL ? new SmallFile(this, size) : new LargeFile(join(this.#root, 'ingest', name()), this, size);
  }

  /** Resolves when all that was received is on its way out; throws what went wrong. */
  async settle(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** @internal Takes a small file; waits only when many are being written. */
  async addSmall(sha256: string, data: Buffer): Promise<void> {
    const known = await this.#all();
    const found = known.get(sha256);
    if (found) return this.#take(sha256, found);
    // Noted before it is there: the same content again in this moment is not written twice, and `settle` waits.
    known.set(sha256, { size: data.length, used: Date.now(), holds: 1 });
    while (this.#writing.size >= WRITERS) await Promise.race(this.#writing);
    const written = this.#write(sha256, data).catch((error: unknown) => {
      known.delete(sha256);
      throw describe(error);
    });
    written.catch(() => undefined);
    this.#writing.add(written);
    written.then(
      () => this.#writing.delete(written),
      () => setImmediate(() => this.#writing.delete(written)),
    );
  }

  /** @internal Takes a file that was written to `temporary`. */
  async addLarge(sha256: string, size: number, temporary: string): Promise<void> {
    const known = await this.#all();
    const found = known.get(sha256);
    if (found) {
      this.#take(sha256, found);
      await unlink(temporary);
      return;
    }
    await this.#place(temporary, sha256);
    known.set(sha256, { size, used: Date.now(), holds: 1 });
  }

  /** Bytes and files that are kept. */
  async usage(): Promise<{ files: number; bytes: number; inUse: number }> {
    const all = [...(await this.#all()).values()];
    const sum = (list: Known[]) => list.reduce((total, { size }) => total + size, 0);
    return { files: all.length, bytes: sum(all), inUse: sum(all.filter(({ holds }) => holds > 0)) };
  }

  /** Removes what is not held and is not wanted, longest unused first; `total`: bytes of all that is left so far. */
  async prune(isUnwanted: (file: { used: number; total: number }) => boolean): Promise<number> {
    const known = await this.#all();
    let total = [...known.values()].reduce((sum, { size }) => sum + size, 0);
    let freed = 0;
    const free = [...known].filter(([, { holds }]) => holds === 0).sort(([, a], [, b]) => a.used - b.used);
    for (const [sha256, { size, used, holds }] of free) {
      if (holds > 0 || !isUnwanted({ used, total })) continue;
      known.delete(sha256);
      await unlink(this.path(sha256)).catch(ignoreMissing);
      total -= size;
      freed += size;
    }
    return freed;
  }

  #take(sha256: string, found: Known): void {
    const now = Date.now();
    found.holds++;
    if (now - found.used < TOUCH_MS) return;
    found.used = now;
    void utimes(this.path(sha256), now / 1000, now / 1000).catch(() => undefined);
  }

  async #write(sha256: string, data: Buffer): Promise<void> {
    const temporary = join(this.#root, 'ingest', name());
    await writeFile(temporary, data, { mode: 0o600, flag: 'wx' });
    await this.#place(temporary, sha256);
  }

  async #place(temporary: string, sha256: string): Promise<void> {
    const path = this.path(sha256);
    try {
      await rename(temporary, path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      await rename(temporary, path);
    }
  }

  #all(): Promise<Map<string, Known>> {
    this.#known ??= this.#scan();
    return this.#known;
  }

  /** The first build after a start waits for it: a folder at a time at once, which takes a third of asking other threads. */
  async #scan(): Promise<Map<string, Known>> {
    const known = new Map<string, Known>();
    const files = join(this.#root, 'files');
    for (const folder of await readdir(files).catch(() => [])) {
      for (const name of await readdir(join(files, folder)).catch(() => [])) {
        const found = lstatSync(join(files, folder, name), { throwIfNoEntry: false });
        if (found?.isFile()) known.set(name, { size: found.size, used: found.mtimeMs, holds: 0 });
      }
    }
    return known;
  }
}

/** A file on its way in. */
export interface Receiver {
  /** Bytes at a position that is never behind the last; what is left out is zeros. */
  write(data: Buffer, position: number): Promise<void>;
  /** `size`: what it turned out to have, where less than was said at first; only for large files. */
  end(size?: number): Promise<Stored>;
  /** Forgets it; also after an error. */
  abort(): Promise<void>;
}

class SmallFile implements Receiver {
  readonly #contents: ContextContents;
  readonly #data: Buffer;

  constructor(contents: ContextContents, size: number) {
    this.#contents = contents;
    this.#data = Buffer.alloc(size);
  }

  async write(data: Buffer, position: number): Promise<void> {
    data.copy(this.#data, position);
  }

  async end(): Promise<Stored> {
    const sha256 = createHash('sha256').update(this.#data).digest('hex');
    await this.#contents.addSmall(sha256, this.#data);
    return { sha256, size: this.#data.length };
  }

  async abort(): Promise<void> {}
}

class LargeFile implements Receiver {
  readonly #path: string;
  readonly #contents: ContextContents;
  #size: number;
  readonly #hash: Hash = createHash('sha256');
  #hashed = 0;
  #file: FileHandle | undefined;

  constructor(path: string, contents: ContextContents, size: number) {
    this.#path = path;
    this.#contents = contents;
    this.#size = size;
  }

  async write(data: Buffer, position: number): Promise<void> {
    this.#file ??= await open(this.#path, 'wx', 0o600);
    this.#zeros(position);
    this.#hash.update(data);
    this.#hashed += data.length;
    try {
      for (let at = 0; at < data.length; ) {
        at += (await this.#file.write(data, at, data.length - at, position + at)).bytesWritten;
      }
    } catch (error) {
      throw describe(error);
    }
  }

  async end(size = this.#size): Promise<Stored> {
    this.#size = size;
    this.#file ??= await open(this.#path, 'wx', 0o600);
    this.#zeros(this.#size);
    await this.#file.truncate(this.#size);
    await this.#file.close();
    this.#file = undefined;
    const sha256 = this.#hash.digest('hex');
    await this.#contents.addLarge(sha256, this.#size, this.#path);
    return { sha256, size: this.#size };
  }

  async abort(): Promise<void> {
    await this.#file?.close();
    await unlink(this.#path).catch(ignoreMissing);
  }

  /** A hole counts as what it reads as. */
  #zeros(until: number): void {
    while (this.#hashed < until) {
      const piece = ZEROS.subarray(0, Math.min(ZEROS.length, until - this.#hashed));
      this.#hash.update(piece);
      this.#hashed += piece.length;
    }
  }
}

const name = () => randomBytes(12).toString('hex');

function ignoreMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error;
}

function describe(error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno !== 'ENOSPC' && errno !== 'EDQUOT') return error;
  return new BerthError('unavailable', 'cannot store the build context: no space left on device', {
    hint: 'Free some space below the data root; `berth system df` shows what Berth holds.',
    cause: error,
  });
}

/** Contents that were written before the machine went down may not have reached the disk. */
function dropAfterBoot(root: string): void {
  const mark = join(root, 'boot');
  const now = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  let before = '';
  try {
    before = readFileSync(mark, 'utf8').trim();
  } catch (error) {
    ignoreMissing(error);
  }
  if (before === now) return;
  rmSync(join(root, 'files'), { recursive: true, force: true });
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeFileSync(mark, `${now}\n`);
}
