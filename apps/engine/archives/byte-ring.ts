import { BerthError } from '@berth/kit';

/** A power of two, so that positions may run over; small enough for what was just written to be in the cache still. */
const SIZE = 1024 * 1024;
/** Most that is handed on at once. */
const PIECE = 256 * 1024;
/** Bytes for which the reader is woken. */
const WORTH_WAKING = 128 * 1024;
/** Of the numbers in front of the bytes. */
const HEADER = 64;
const WRITTEN = 0;
const READ = 1;
const STATE = 2;
const OPEN = 0;
const ENDED = 1;
const BROKEN = 2;

/**
 * Bytes from the engine's thread to a worker, in memory that both see: nothing is allocated and no message is sent for
 * them, which is most of what a large copy costs otherwise. The writing side waits asynchronously, the reading side holds
 * its thread.
 */
export function makeRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER + SIZE);
}

/** The side of the engine. */
export class RingWriter {
  readonly #numbers: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(ring: SharedArrayBuffer) {
    this.#numbers = new Int32Array(ring, 0, HEADER / 4);
    this.#bytes = new Uint8Array(ring, HEADER);
  }

  /** Writes all of a source, whose pieces are given away, then the end, or that it broke. Resolves when the reader has taken it or wants no more. */
  async pour(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of source) {
        for (let at = 0; at < piece.length && this.#isOpen(); ) {
          const room = SIZE - this.#waiting();
          if (room === 0) await this.#drained();
          else at += this.#put(piece.subarray(at, at + room));
        }
        release(piece);
        if (!this.#isOpen()) return;
      }
      this.#close(ENDED);
    } catch (error) {
      // What the source says of itself is told by the caller.
      this.#close(BROKEN);
      throw error;
    }
  }

  /** Lets the reader end at once. */
  cancel(): void {
    this.#close(BROKEN);
  }

  #isOpen(): boolean {
    return Atomics.load(this.#numbers, STATE) === OPEN;
  }

  #waiting(): number {
    return (Atomics.load(this.#numbers, WRITTEN) - Atomics.load(this.#numbers, READ)) | 0;
  }

  async #drained(): Promise<void> {
    const read = Atomics.load(this.#numbers, READ);
    if (this.#waiting() < SIZE || !this.#isOpen()) return;
    await Atomics.waitAsync(this.#numbers, READ, read).value;
  }

  #put(piece: Uint8Array): number {
    const written = Atomics.load(this.#numbers, WRITTEN);
    const at = written & (SIZE - 1);
    const part = piece.subarray(0, SIZE - at);
    this.#bytes.set(part, at);
    Atomics.store(this.#numbers, WRITTEN, (written + part.length) | 0);
    // Not for every small piece: waking a thread costs as much as copying one.
    if (this.#waiting() >= WORTH_WAKING) Atomics.notify(this.#numbers, WRITTEN);
    return part.length;
  }

  #close(state: typeof ENDED | typeof BROKEN): void {
    Atomics.compareExchange(this.#numbers, STATE, OPEN, state);
    // Both sides may be waiting.
    Atomics.notify(this.#numbers, WRITTEN);
    Atomics.notify(this.#numbers, READ);
  }
}

/** Frees a piece at once: large copies would otherwise call the collector again and again. */
function release(piece: Uint8Array): void {
  if (piece.byteLength === piece.buffer.byteLength) releaseEnd(piece);
}

/**
 * Frees the memory that a piece is the end of, at once. For memory that is cut into pieces which are used in order: with
 * the last of them nobody needs it any more.
 */
export function releaseEnd({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteOffset + byteLength === buffer.byteLength) buffer.transfer(0);
}

/** The side of a worker. */
export class RingReader {
  readonly #numbers: Int32Array;
  readonly #ring: SharedArrayBuffer;

  constructor(ring: SharedArrayBuffer) {
    this.#numbers = new Int32Array(ring, 0, HEADER / 4);
    this.#ring = ring;
  }

  /** The pieces; each is only valid until the next is asked for. Errors: canceled when the source broke. */
  *read(): Generator<Buffer, void> {
    for (let now = this.#look(); now !== 'over'; now = this.#look()) {
      if (now.piece) {
        yield now.piece;
        this.#taken(now.read, now.piece.length);
      } else Atomics.wait(this.#numbers, WRITTEN, now.written, WAKE_MS);
    }
  }

  /** As `read`, for a thread that has other work while nothing comes. */
  async *pieces(): AsyncGenerator<Buffer, void> {
    for (let now = this.#look(); now !== 'over'; now = this.#look()) {
      if (now.piece) {
        yield now.piece;
        this.#taken(now.read, now.piece.length);
      } else await Atomics.waitAsync(this.#numbers, WRITTEN, now.written, WAKE_MS).value;
    }
  }

  /** What there is to read now: a piece, nothing yet, or no more. */
  #look(): 'over' | { piece: Buffer | undefined; read: number; written: number } {
    const state = Atomics.load(this.#numbers, STATE);
    const read = Atomics.load(this.#numbers, READ);
    const written = Atomics.load(this.#numbers, WRITTEN);
    if (state === BROKEN) throw new BerthError('canceled', 'the archive was cut off');
    const waiting = (written - read) | 0;
    if (waiting === 0) return state === ENDED ? 'over' : { piece: undefined, read, written };
    return { piece: this.#piece(read, waiting), read, written };
  }

  #piece(read: number, waiting: number): Buffer {
    const at = read & (SIZE - 1);
    return Buffer.from(this.#ring, HEADER + at, Math.min(waiting, PIECE, SIZE - at));
  }

  #taken(read: number, length: number): void {
    Atomics.store(this.#numbers, READ, (read + length) | 0);
    Atomics.notify(this.#numbers, READ);
  }

  /** Wants no more: the writer ends. */
  close(): void {
    Atomics.compareExchange(this.#numbers, STATE, OPEN, BROKEN);
    Atomics.notify(this.#numbers, READ);
  }
}

/** For what is not worth waking anybody, and for the end: the reader looks again after this time at the latest. */
const WAKE_MS = 5;
