/** Which stream a frame belongs to. */
export type FrameStream = 'stdin' | 'stdout' | 'stderr' | 'system';

const STREAMS: readonly FrameStream[] = ['stdin', 'stdout', 'stderr', 'system'];

/** A frame's head: stream number, three zero bytes, length (big endian). */
const HEAD = 8;

/**
 * Takes Docker's multiplexed stream apart. Payload is handed on as it comes, also parts of a frame, so nothing is
 * gathered; 'system' is an error of the engine in the middle of a stream.
 */
export class FrameReader {
  readonly #head = new Uint8Array(HEAD);
  #headFilled = 0;
  #stream: FrameStream = 'stdout';
  #left = 0;

  /** Calls `sink` for every piece of payload in `chunk`. Throws when the bytes are not frames. */
  push(chunk: Uint8Array, sink: (stream: FrameStream, data: Uint8Array) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        at += this.#takeHead(chunk, at);
        continue;
      }
      const end = Math.min(chunk.length, at + this.#left);
      sink(this.#stream, chunk.subarray(at, end));
      this.#left -= end - at;
      at = end;
    }
  }

  /** True between frames; false at the end of a stream means that it was cut. */
  get atBoundary(): boolean {
    return this.#left === 0 && this.#headFilled === 0;
  }

  #takeHead(chunk: Uint8Array, from: number): number {
    const head = this.#head;
    let at = from;
    while (this.#headFilled < HEAD && at < chunk.length) head[this.#headFilled++] = chunk[at++] ?? 0;
    if (this.#headFilled === HEAD) {
      const stream = STREAMS[head[0] ?? 255];
      if (!stream) throw new Error(`Unrecognized input header: ${head[0]}`);
      this.#stream = stream;
      this.#left = (head[4] ?? 0) * 2 ** 24 + ((head[5] ?? 0) << 16) + ((head[6] ?? 0) << 8) + (head[7] ?? 0);
      this.#headFilled = 0;
    }
    return at - from;
  }
}
