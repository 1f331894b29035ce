import { createHash, type Hash, randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BerthError, errnoOf } from '@berth/kit';
import { type Digest, hexOf, isDigest } from './digest.ts';

/** Content-addressed files. Every digest is checked before it becomes a path. */
export interface BlobStore {
  /** Absolute path that the blob has, or would have. */
  path(digest: Digest): string;
  has(digest: Digest): Promise<boolean>;
  /** Size in bytes, or undefined when it is not here. */
  stat(digest: Digest): Promise<{ size: number } | undefined>;
  /** The whole blob, at most `limit` bytes. Errors: not-found; invalid when it is longer. */
  readAll(digest: Digest, limit: number): Promise<Buffer>;
  /** Reads the blob, or the part between two offsets (both inclusive); fails with ENOENT when it is not here. */
  createReadStream(digest: Digest, range?: { start?: number; end?: number }): Readable;
  /** Opens a writer; what is expected is checked while bytes pass and at `commit`. */
  ingest(expected: Expected | undefined): Promise<BlobWriter>;
  /** Ingests bytes at hand or a stream to its end. Errors: as `BlobWriter`. */
  put(source: Uint8Array | AsyncIterable<Uint8Array>, expected?: Expected): Promise<{ digest: Digest; size: number }>;
  /** Idempotent. */
  remove(digest: Digest): Promise<void>;
  list(): Promise<Digest[]>;
}

export interface Expected {
  digest?: Digest;
  size?: number;
}

/** One blob on its way in. Calls may not overlap; after `commit` or `abort` the writer is done. */
export interface BlobWriter {
  /** Bytes taken so far: where a broken download goes on. */
  readonly written: number;
  /** Errors: invalid as soon as there are more bytes than expected. The writer is then aborted. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes the blob visible and durable. Errors: invalid when size or digest are not the expected ones; nothing is kept
   * then.
   */
  commit(): Promise<{ digest: Digest; size: number }>;
  /** Removes what was written. Idempotent; does nothing after a commit. */
  abort(): Promise<void>;
}

/**
 * Opens the blob store below `dir`: content in `blobs/sha256/`, unfinished files in `ingest/`, which is emptied: at open,
 * nobody else may be writing.
 */
export function openBlobStore(dir: string): BlobStore {
  const blobs = join(dir, 'blobs', 'sha256');
  const ingestDir = join(dir, 'ingest');
  mkdirSync(blobs, { recursive: true, mode: 0o700 });
  mkdirSync(ingestDir, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(ingestDir)) rmSync(join(ingestDir, name), { recursive: true, force: true });

  const path = (digest: Digest) => join(blobs, hexOf(digest));
  const sizeOf = async (digest: Digest) => {
    try {
      return { size: (await stat(path(digest))).size };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  };
  const ingest = async (expected: Expected | undefined) => {
    const temporary = join(ingestDir, randomBytes(12).toString('hex'));
    return new FileWriter(await open(temporary, 'wx', 0o600), temporary, blobs, expected ?? {});
  };
  return {
    path,
    has: async (digest) => (await sizeOf(digest)) !== undefined,
    stat: sizeOf,
    readAll: async (digest, limit) => {
      const size = (await sizeOf(digest))?.size;
      if (size === undefined) throw new BerthError('not-found', `blob ${digest} is not here`);
      if (size > limit)
        throw new BerthError('invalid', `blob ${digest} has ${size} bytes, more than the ${limit} allowed here`);
      return readFile(path(digest));
    },
    createReadStream: (digest, range) => createReadStream(path(digest), { highWaterMark: 256 * 1024, ...range }),
    ingest,
    put: async (source, expected) => {
      const writer = await ingest(expected);
      try {
        if (source instanceof Uint8Array) await writer.write(source);
        else for await (const chunk of source) await writer.write(chunk);
        return await writer.commit();
      } finally {
        await writer.abort();
      }
    },
    remove: (digest) => rm(path(digest), { force: true }),
    list: async () => (await readdir(blobs)).map((name) => `sha256:${name}`).filter(isDigest),
  };
}

class FileWriter implements BlobWriter {
  written = 0;
  readonly #file: FileHandle;
  readonly #temporary: string;
  readonly #blobs: string;
  readonly #expected: Expected;
  readonly #hash: Hash = createHash('sha256');
  #done = false;

  constructor(file: FileHandle, temporary: string, blobs: string, expected: Expected) {
    this.#file = file;
    this.#temporary = temporary;
    this.#blobs = blobs;
    this.#expected = expected;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#done) throw new BerthError('internal', 'write to a blob writer that is done');
    const { size } = this.#expected;
    if (size !== undefined && this.written + chunk.byteLength > size) {
      await this.abort();
      throw new BerthError('invalid', `blob is longer than the ${size} bytes announced`);
    }
    this.#hash.update(chunk);
    this.written += chunk.byteLength;
    for (let at = 0; at < chunk.byteLength; ) at += (await this.#file.write(chunk, at)).bytesWritten;
  }

  async commit(): Promise<{ digest: Digest; size: number }> {
    if (this.#done) throw new BerthError('internal', 'commit of a blob writer that is done');
    const digest: Digest = `sha256:${this.#hash.digest('hex')}`;
    try {
      this.#verify(digest);
      await this.#file.sync();
      await this.#file.close();
      // Two writers of one blob: both bring the same verified bytes, the later rename replaces the earlier.
      await rename(this.#temporary, join(this.#blobs, hexOf(digest)));
      this.#done = true;
      await syncDirectory(this.#blobs);
    } finally {
      await this.abort();
    }
    return { digest, size: this.written };
  }

  #verify(digest: Digest): void {
    const { digest: wanted, size } = this.#expected;
    if (size !== undefined && this.written !== size) {
      throw new BerthError('invalid', `blob has ${this.written} bytes, ${size} were announced`);
    }
    if (wanted !== undefined && digest !== wanted) {
      throw new BerthError('invalid', `blob has digest ${digest}, expected ${wanted}`);
    }
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    await this.#file.close();
    await rm(this.#temporary, { force: true });
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
