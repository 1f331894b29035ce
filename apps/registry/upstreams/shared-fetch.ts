import { EventEmitter, once } from 'node:events';
import { BatchedAppend } from '../content/batched-append.ts';
import type { ContentDigest } from '../digest.ts';
import type { Stage, StorageDriver } from '../storage/driver.ts';
import { KEYS } from '../storage/keys.ts';

interface SharedFetchParts {
  driver: StorageDriver;
  stage: Stage;
  digest: ContentDigest;
  /** Bytes of the whole. */
  size: number;
}

/** What came last is kept in memory up to this many bytes, for those who keep up. */
const RECENT = 1024 * 1024;
/** One reading holds the stage open for this many bytes at the most. */
const STEP = 1024 * 1024;

/**
 * A blob that comes in, and any number of clients who get it meanwhile, each at his own pace: what is there is read back
 * from the stage, so that nobody's slowness holds up the fetch or anybody else, and no more is kept in memory than what
 * came last, for those who keep up. The last byte is held back until the whole was verified: nobody gets a whole that is
 * not right.
 */
export class SharedFetch {
  readonly size: number;
  readonly #parts: SharedFetchParts;
  readonly #events = new EventEmitter().setMaxListeners(0);
  #written = 0;
  /** What came last: it ends at `#written`, and what is before it can be read from the stage. */
  #recent: Uint8Array[] = [];
  #recentBytes = 0;
  #readers = 0;
  #state: 'coming' | 'settling' | 'here' | 'failed' = 'coming';
  #failure: unknown;

  constructor(parts: SharedFetchParts) {
    this.#parts = parts;
    this.size = parts.size;
  }

  get failed(): boolean {
    return this.#state === 'failed';
  }

  /** Takes all bytes of a source that verifies them, then makes the stage a blob by `settle`. */
  async run(source: AsyncIterable<Uint8Array>, settle: (stage: Stage) => Promise<void>): Promise<void> {
    const { stage } = this.#parts;
    try {
      await this.#take(source);
      this.#state = 'settling';
      while (this.#readers > 0) await once(this.#events, 'left');
      await settle(stage);
      this.#state = 'here';
    } catch (error) {
      this.#state = 'failed';
      this.#failure = error;
      while (this.#readers > 0) await once(this.#events, 'left');
      await stage.discard();
      throw error;
    } finally {
      this.#events.emit('change');
    }
  }

  async #take(source: AsyncIterable<Uint8Array>): Promise<void> {
    const batch = new BatchedAppend(this.#parts.stage);
    try {
      for await (const chunk of source) {
        await batch.push(chunk);
        this.#remember(chunk);
        this.#events.emit('change');
      }
    } finally {
      await batch.end(); // also when the source failed: nothing is to be written any more when the stage is discarded
    }
  }

  /** Resolves when the blob is here. Errors: those of the source. */
  async whole(): Promise<void> {
    while (this.#state !== 'here') {
      if (this.#state === 'failed') throw this.#failure;
      await once(this.#events, 'change');
    }
  }

  /** The bytes between two offsets, both inclusive. Errors: those of the source. */
  async *read(range: { start: number; end: number }): AsyncGenerator<Uint8Array> {
    let at = range.start;
    while (at <= range.end) {
      if (this.#state === 'failed') throw this.#failure;
      if (this.#state === 'here') {
        yield* await this.#open({ start: at, end: range.end });
        return;
      }
      const until = Math.min(this.#available(), range.end + 1, at + STEP);
      if (until <= at) {
        await once(this.#events, 'change');
        continue;
      }
      for (const chunk of this.#fromMemory(at, until) ?? (await this.#readStep(at, until))) {
        at += chunk.byteLength;
        yield chunk;
      }
    }
  }

  /** Bytes that may be given out. */
  #available(): number {
    return this.#state === 'coming' ? Math.min(this.#written, this.size - 1) : 0;
  }

  #remember(chunk: Uint8Array): void {
    this.#written += chunk.byteLength;
    this.#recentBytes += chunk.byteLength;
    this.#recent.push(chunk);
    for (;;) {
      const length = this.#recent[0]?.byteLength ?? 0;
      const isWritten = this.#written - this.#recentBytes + length <= this.#parts.stage.size;
      if (this.#recentBytes - length < RECENT || !isWritten) return;
      this.#recent.shift();
      this.#recentBytes -= length;
    }
  }

  /** The bytes from one offset to before another, where all of them came lately. */
  #fromMemory(start: number, end: number): Uint8Array[] | undefined {
    let at = this.#written - this.#recentBytes;
    if (start < at) return undefined;
    const chunks: Uint8Array[] = [];
    for (const chunk of this.#recent) {
      const [from, to] = [Math.max(0, start - at), Math.min(chunk.byteLength, end - at)];
      if (from < to) chunks.push(chunk.subarray(from, to));
      at += chunk.byteLength;
    }
    return chunks;
  }

  /** Nothing is given out meanwhile: a slow client must not hold the stage. */
  async #readStep(start: number, end: number): Promise<Uint8Array[]> {
    const { stage } = this.#parts;
    this.#readers++;
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stage.read({ start, end: Math.min(end, stage.size) - 1 }))
        chunks.push(Buffer.from(chunk));
      return chunks;
    } finally {
      this.#readers--;
      this.#events.emit('left');
    }
  }

  async #open(range: { start: number; end: number }): Promise<AsyncIterable<Uint8Array>> {
    const stream = await this.#parts.driver.open(KEYS.content(this.#parts.digest), range);
    if (!stream) throw new Error(`${this.#parts.digest} was removed as soon as it was here`);
    return stream;
  }
}
