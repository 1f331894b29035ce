/** Bytes of output that are kept of one check, as with Docker. */
const MAX_BYTES = 4096;

/** Gathers the first bytes of what a check prints; what is cut off shows as three dots. */
export class LimitedOutput {
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #cut = false;

  add(chunk: Buffer): void {
    const kept = chunk.subarray(0, MAX_BYTES - this.#length);
    if (kept.length < chunk.length) this.#cut = true;
    if (kept.length === 0) return;
    this.#chunks.push(Buffer.from(kept)); // a copy: the chunk may be a small part of a large buffer
    this.#length += kept.length;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8') + (this.#cut ? '...' : '');
  }
}
