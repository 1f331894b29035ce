import { EventEmitter, once } from 'node:events';
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

/** One reading holds the stage open for this many bytes at the most. */
const STEP = 1024 * 1024;

/**
 * A blob that comes in, and any number of clients who get it meanwhile, each at his own pace: what is there is read back
 * from the stage, so that nobody's slowness holds up the fetch or anybody else, and nothing is kept in memory. The last
 * byte is held back until the whole was verified: nobody gets a whole that is not right.
 */
export class SharedFetch {
  readonly size: number;
  readonly #parts: SharedFetchParts;
  readonly #events = new EventEmitter().setMaxListeners(0);
  #written = 0;
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
      for await (const chunk of source) {
        await stage.append(chunk);
        this.#written += chunk.byteLength;
        this.#events.emit('change');
      }
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
      for (const chunk of await this.#readStep({ start: at, end: until - 1 })) {
        at += chunk.byteLength;
        yield chunk;
      }
    }
  }

  /** Bytes that may be given out. */
  #available(): number {
    return this.#state === 'coming' ? Math.min(this.#written, this.size - 1) : 0;
  }

  /** Nothing is given out meanwhile: a slow client must not hold the stage. */
  async #readStep(range: { start: number; end: number }): Promise<Uint8Array[]> {
    this.#readers++;
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of this.#parts.stage.read(range)) chunks.push(Buffer.from(chunk));
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
