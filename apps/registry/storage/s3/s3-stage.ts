import type { Stage } from '../driver.ts';
import type { Bucket } from './bucket.ts';
import { type PartList, partKey } from './part-list.ts';
import { readParts } from './read-parts.ts';

interface S3StageOptions {
  bucket: Bucket;
  id: string;
  partSize: number;
  /** Makes the parts an object. */
  promote(list: PartList, key: string): Promise<void>;
  /** Removes the parts and the mark of the stage. */
  discard(id: string): Promise<void>;
}

/** First buffer of a part. Bytes. */
const SMALL = 64 * 1024;

/** What is there of a stage that was begun before: whole parts, and the bytes of one that is not. */
export interface Begun {
  parts: number;
  rest: Uint8Array;
}

/**
 * A stage as objects: parts of one size, the last is written anew when it grows. One part is on its way while the next
 * is filled.
 */
export class S3Stage implements Stage {
  readonly id: string;
  readonly #options: S3StageOptions;
  /** Of the part that is being filled; undefined until there is a byte for it. */
  #buffer: Buffer | undefined;
  #filled = 0;
  /** Parts before it. */
  #parts: number;
  #written = true;
  #sending: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(options: S3StageOptions, begun: Begun = { parts: 0, rest: new Uint8Array() }) {
    this.id = options.id;
    this.#options = options;
    this.#parts = begun.parts;
    if (begun.rest.byteLength > 0) this.#take(begun.rest);
    this.#written = true;
  }

  get size(): number {
    return this.#parts * this.#options.partSize + this.#filled;
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; ) {
      at += this.#take(chunk.subarray(at));
      if (this.#filled === this.#options.partSize) await this.#next();
    }
  }

  async flush(): Promise<void> {
    await this.#sent();
    if (this.#written || this.#buffer === undefined) return;
    await this.#send(this.#parts, this.#buffer.subarray(0, this.#filled));
    await this.#sent();
    this.#written = true;
  }

  async *read(range = { start: 0, end: this.size - 1 }): AsyncGenerator<Uint8Array> {
    const { partSize, bucket } = this.#options;
    const stored = this.#parts * partSize;
    // What is in memory now may have moved on by the time that what is before it was read.
    const rest = Buffer.from(
      this.#buffer?.subarray(Math.max(0, range.start - stored), Math.max(0, range.end + 1 - stored)) ?? [],
    );
    await this.#sent();
    const list = { id: this.id, size: stored, partSize };
    if (range.start < stored)
      yield* readParts(bucket, list, { start: range.start, end: Math.min(range.end, stored - 1) });
    if (range.end >= stored && rest.length > 0) yield rest;
  }

  async promote(key: string): Promise<void> {
    await this.flush();
    await this.#options.promote(this.#list(), key);
    this.#buffer = undefined;
  }

  async discard(): Promise<void> {
    await this.close();
    await this.#options.discard(this.id);
  }

  async close(): Promise<void> {
    await this.#sending;
    this.#buffer = undefined;
  }

  #list(): PartList {
    return { id: this.id, size: this.size, partSize: this.#options.partSize };
  }

  /** Fills the part with what fits into it; gives the bytes taken. Small blobs, which most are, need no whole part. */
  #take(bytes: Uint8Array): number {
    const { partSize } = this.#options;
    const taken = Math.min(bytes.byteLength, partSize - this.#filled);
    const needed = this.#filled + taken;
    const had = this.#buffer;
    if (had === undefined || had.length < needed) {
      this.#buffer = Buffer.allocUnsafe(Math.min(partSize, Math.max(needed, 2 * (had?.length ?? SMALL / 2))));
      if (had) this.#buffer.set(had.subarray(0, this.#filled));
    }
    this.#buffer?.set(bytes.subarray(0, taken), this.#filled);
    this.#filled = needed;
    this.#written = false;
    return taken;
  }

  async #next(): Promise<void> {
    await this.#sent();
    const full = this.#buffer!;
    this.#buffer = undefined;
    this.#filled = 0;
    this.#written = true;
    void this.#send(this.#parts++, full);
  }

  async #send(index: number, bytes: Uint8Array): Promise<void> {
    this.#sending = this.#options.bucket
      .put(partKey(this.id, index), bytes, 'application/octet-stream')
      .catch((error: unknown) => {
        this.#failure ??= error;
      });
  }

  /** Waits for the part that is under way. Throws when one could not be written, now and from then on. */
  async #sent(): Promise<void> {
    await this.#sending;
    if (this.#failure !== undefined) throw this.#failure;
  }
}
