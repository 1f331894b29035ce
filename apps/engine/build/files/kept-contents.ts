/** Bytes of all of them. */
const KEPT_MAX = 32 * 1024 * 1024;
/** Memory is taken in pieces of this size, or of less where less is left. */
const PIECE = 1024 * 1024;
/** A file that is larger is read again: opening it is not what takes the time. */
const FILE_MAX = 64 * 1024;

/** Contents of small files that a job has just written, by path: packing them need not open and read them once more. */
export class KeptContents {
  readonly #known = new Map<string, Buffer>();
  #piece = Buffer.alloc(0);
  #left = KEPT_MAX;
  #open = true;

  /** Memory to read a file of this size into; undefined when it is not to be kept. */
  room(size: number): Buffer | undefined {
    if (!this.#open || size > FILE_MAX) return undefined;
    if (size > this.#piece.length) {
      const length = Math.min(PIECE, this.#left);
      if (size > length) return undefined;
      this.#left -= length;
      this.#piece = Buffer.allocUnsafeSlow(length);
    }
    return this.#piece.subarray(0, size);
  }

  /** What was read into the last room is the content of the file at this absolute path. */
  keep(path: string, content: Buffer): void {
    if (!this.#open) return;
    this.#piece = this.#piece.subarray(content.length);
    this.#known.set(path, content);
  }

  /** Something else comes in its place. */
  forget(path: string): void {
    this.#known.delete(path);
  }

  /** Keeps none from now on, nor what it has: files may have come to have more than their contents. */
  close(): void {
    this.#open = false;
    this.#known.clear();
  }

  of(path: string): Buffer | undefined {
    return this.#known.get(path);
  }
}
