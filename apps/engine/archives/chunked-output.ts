/** As much as goes from one thread to another at once. */
const CHUNK = 256 * 1024;

/** Gathers small and large pieces in chunks of one size, which are given away when they are full. */
export class ChunkedOutput {
  #chunk: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  *add(piece: Uint8Array): Generator<Uint8Array<ArrayBuffer>, void> {
    for (let at = 0; at < piece.length; ) {
      const room = this.room(piece.length - at);
      room.set(piece.subarray(at, at + room.length));
      at += room.length;
      yield* this.fill(room.length);
    }
  }

  /** Free memory of the present chunk, at most `wanted` bytes and at least one: to be written to, then `fill`ed. */
  room(wanted: number): Uint8Array<ArrayBuffer> {
    this.#chunk ??= new Uint8Array(CHUNK);
    return this.#chunk.subarray(this.#filled, Math.min(this.#filled + wanted, CHUNK));
  }

  /** Takes the first bytes of the room as written. */
  *fill(count: number): Generator<Uint8Array<ArrayBuffer>, void> {
    this.#filled += count;
    if (this.#filled < CHUNK || this.#chunk === undefined) return;
    const full = this.#chunk;
    this.#chunk = undefined;
    this.#filled = 0;
    yield full;
  }

  *rest(): Generator<Uint8Array<ArrayBuffer>, void> {
    if (this.#chunk !== undefined && this.#filled > 0) yield this.#chunk.slice(0, this.#filled);
    this.#chunk = undefined;
    this.#filled = 0;
  }
}
