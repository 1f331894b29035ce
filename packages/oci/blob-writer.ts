import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';
import type { Expected } from './blob-store.ts';
import { type Digest, hexOf } from './digest.ts';

/** Bytes that are gathered for one write: fewer calls than pieces of a network, and little to lose by a crash. */
const BLOCK = 256 * 1024;
/** Most blobs are configurations and manifests. */
const FIRST_BLOCK = 16 * 1024;
const READ_CHUNK = 256 * 1024;
/** Bytes after which the disk begins its work, so that little is left when the blob has to be on it. */
const SYNC_EVERY = 32 * 1024 * 1024;

export interface FileWriterOptions {
  file: FileHandle;
  /** Where the file is until it is committed. */
  path: string;
  /** Directory of the finished blobs. */
  blobs: string;
  expected: Expected;
  /** Everything is on disk when `commit` resolves. */
  durable: boolean;
  /** Bytes of the file that an earlier writer left; they count when `kept` has read them. */
  keptSize?: number;
  /** Fewer bytes are not worth keeping; undefined: nothing is kept. */
  keepFrom?: number | undefined;
  /** Called once, when the writer is done. */
  onDone?: () => void;
}

/** One blob on its way into a file (see `BlobWriter`): hashed as it comes, written behind the caller's back in blocks. */
export class FileWriter {
  written = 0;
  readonly keptSize: number;
  readonly #options: FileWriterOptions;
  readonly #hash: Hash = createHash('sha256');
  #block: Buffer = Buffer.allocUnsafe(FIRST_BLOCK);
  #filled = 0;
  /** Where in the file the present block goes. */
  #at = 0;
  #spare: Buffer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #unsynced = 0;
  #syncing: Promise<void> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #done = false;

  constructor(options: FileWriterOptions) {
    this.#options = options;
    this.keptSize = options.keptSize ?? 0;
  }

  /** Reads what was there, once and before the first write; it is hashed again, since nothing says who wrote it. */
  async *kept(): AsyncGenerator<Buffer, void, undefined> {
    const { file } = this.#options;
    while (this.written < this.keptSize) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_CHUNK, this.keptSize - this.written));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.written);
      if (bytesRead === 0) throw new BerthError('internal', 'a part of a blob became shorter while it was read');
      const piece = buffer.subarray(0, bytesRead);
      this.#hash.update(piece);
      this.written += bytesRead;
      this.#at = this.written;
      yield piece;
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#done) throw new BerthError('internal', 'write to a blob writer that is done');
    const { size } = this.#options.expected;
    if (size !== undefined && this.written + chunk.byteLength > size) {
      await this.abort();
      throw new BerthError('invalid', `blob is longer than the ${size} bytes announced`);
    }
    this.#hash.update(chunk);
    this.written += chunk.byteLength;
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + this.#block.length - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      if (this.#filled < this.#block.length) continue;
      await this.#writeBlock();
      // Whoever gave up did not wait for this.
      if (this.#done) throw new BerthError('canceled', 'the blob was given up while it was written');
    }
    if (this.#options.keepFrom !== undefined) this.#idle = this.#idle?.refresh() ?? this.#startIdle();
  }

  async commit(): Promise<{ digest: Digest; size: number }> {
    if (this.#done) throw new BerthError('internal', 'commit of a blob writer that is done');
    const { file, path, blobs, durable } = this.#options;
    const digest: Digest = `sha256:${this.#hash.digest('hex')}`;
    try {
      this.#verify(digest);
      await this.#writeBlock();
      await this.#writing;
      if (durable) await file.sync();
      // Two writers of one blob: both bring the same verified bytes, the later rename replaces the earlier.
      await rename(path, join(blobs, hexOf(digest)));
      await this.#end();
      if (durable) await syncDirectory(blobs);
    } finally {
      await this.abort();
    }
    return { digest, size: this.written };
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    await this.#end();
    await rm(this.#options.path, { force: true });
  }

  /** Leaves what was written for a later writer, where it is worth it. Idempotent; does nothing after a commit. */
  async suspend(): Promise<void> {
    const { keepFrom } = this.#options;
    if (this.#done) return;
    // What was there before may not have been read to its end.
    const have = Math.max(this.written, this.keptSize);
    if (keepFrom === undefined || have < keepFrom) return this.abort();
    // What cannot be written is missing at the end, and is fetched again.
    await this.#writeBlock().catch(() => undefined);
    await this.#end();
  }

  #verify(digest: Digest): void {
    const { digest: wanted, size } = this.#options.expected;
    if (size !== undefined && this.written !== size) {
      throw new BerthError('invalid', `blob has ${this.written} bytes, ${size} were announced`);
    }
    if (wanted !== undefined && digest !== wanted) {
      throw new BerthError('invalid', `blob has digest ${digest}, expected ${wanted}`);
    }
  }

  /** Hands the block to the file; waits for the one before, so that two are under way at most. Errors: of the one before. */
  async #writeBlock(): Promise<void> {
    await this.#writing;
    if (this.#filled === 0 || this.#done) return;
    const [block, length, at] = [this.#block, this.#filled, this.#at];
    this.#at += length;
    this.#filled = 0;
    this.#block = this.#spare ?? Buffer.allocUnsafeSlow(BLOCK);
    this.#spare = undefined;
    this.#writing = writeAll(this.#options.file, block.subarray(0, length), at).then(() => {
      if (block.length === BLOCK) this.#spare = block;
      this.#syncAhead(length);
    });
    // Whoever writes or commits next is told.
    this.#writing.catch(() => undefined);
  }

  /** Beside the writing; whether it worked is told by whoever flushes in the end. */
  #syncAhead(length: number): void {
    this.#unsynced += length;
    if (this.#unsynced < SYNC_EVERY || this.#syncing !== undefined) return;
    this.#unsynced = 0;
    this.#syncing = this.#options.file
      .datasync()
      .catch(() => undefined)
      .finally(() => {
        this.#syncing = undefined;
      });
  }

  /** When nothing comes for a while, what came is brought to safety: a crash then costs nothing. */
  #startIdle(): NodeJS.Timeout {
    return setTimeout(() => void this.#writeBlock().catch(() => undefined), IDLE_MS).unref();
  }

  async #end(): Promise<void> {
    this.#done = true;
    clearTimeout(this.#idle);
    await this.#writing.catch(() => undefined);
    await this.#syncing;
    await this.#options.file.close();
    this.#options.onDone?.();
  }
}

const IDLE_MS = 200;

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; ) {
      at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
    }
  } catch (cause) {
    if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(cause) ?? '')) throw cause;
    throw new BerthError('unavailable', 'cannot store a blob: no space left on device', { cause });
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
