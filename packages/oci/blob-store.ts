import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BerthError, errnoOf } from '@berth/kit';
import { FileWriter } from './blob-writer.ts';
import { type Digest, hexOf, isDigest } from './digest.ts';
import { createPartialBlobs, isPartialName, type PartialBlobs } from './partial-blobs.ts';

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
  /** As `ingest`, but goes on where an earlier writer of the blob was suspended, or was left by a crash. */
  resume(expected: Required<Expected>): Promise<PartialWriter>;
  /** What suspended writers left. */
  readonly partial: Pick<PartialBlobs, 'size' | 'prune'>;
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

/** A writer whose work can be left and taken up again, also by another process. */
export interface PartialWriter extends BlobWriter {
  /** Bytes that are here from before. */
  readonly keptSize: number;
  /** These bytes: to be read to the end before the first `write`. They count for the digest like all others. */
  kept(): AsyncGenerator<Buffer, void, undefined>;
  /** Ends the writer and leaves what it has for the next. Idempotent; does nothing after a commit. */
  suspend(): Promise<void>;
}

export interface BlobStoreOptions {
  /**
   * Each blob is on disk when `commit` resolves. Off: the owner flushes the file system before anything relies on a blob,
   * and removes after a crash what nothing relies on. Default on.
   */
  durable?: boolean;
}

/**
 * Opens the blob store below `dir`: content in `blobs/sha256/`, unfinished files in `ingest/`, which is emptied but for
 * blobs that can be gone on with: at open, nobody else may be writing.
 */
export function openBlobStore(dir: string, { durable = true }: BlobStoreOptions = {}): BlobStore {
  const blobs = join(dir, 'blobs', 'sha256');
  const ingestDir = join(dir, 'ingest');
  mkdirSync(blobs, { recursive: true, mode: 0o700 });
  mkdirSync(ingestDir, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(ingestDir)) {
    if (!isPartialName(name)) rmSync(join(ingestDir, name), { recursive: true, force: true });
  }
  const partial = createPartialBlobs({ dir: ingestDir, blobs, durable });

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
    const file = await open(temporary, 'wx', 0o600);
    return new FileWriter({ file, path: temporary, blobs, expected: expected ?? {}, durable });
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
    resume: async (expected) => (await partial.open(expected)) ?? new NothingKept(await ingest(expected)),
    partial,
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

/** A second writer of a blob at the same time: it keeps nothing. */
class NothingKept implements PartialWriter {
  readonly keptSize = 0;
  readonly #writer: BlobWriter;

  constructor(writer: BlobWriter) {
    this.#writer = writer;
  }

  get written(): number {
    return this.#writer.written;
  }

  async *kept(): AsyncGenerator<Buffer, void, undefined> {}

  write = (chunk: Uint8Array) => this.#writer.write(chunk);
  commit = () => this.#writer.commit();
  abort = () => this.#writer.abort();
  suspend = () => this.#writer.abort();
}
