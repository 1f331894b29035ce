import { Transform, type TransformCallback } from 'node:stream';

/**
 * Passes typed bytes on and holds back a beginning of the detach sequence; calls back, and ends, when it was typed whole.
 */
export class DetachFilter extends Transform {
  readonly #keys: readonly number[];
  readonly #onDetach: () => void;
  #matched = 0;
  #detached = false;

  constructor(keys: readonly number[], onDetach: () => void) {
    super();
    this.#keys = keys;
    this.#onDetach = onDetach;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#keys.length === 0) {
      done(null, chunk);
      return;
    }
    const out: number[] = [];
    for (const byte of chunk) {
      if (this.#detached) break;
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) {
          this.#detached = true;
          this.#onDetach();
        }
        continue;
      }
      out.push(...this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) out.push(byte);
    }
    done(null, Buffer.from(out));
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#detached ? undefined : Buffer.from(this.#keys.slice(0, this.#matched)));
  }
}
