import type { Context } from '../../../context.ts';
import { humanSize } from '../../../render/units.ts';

const EVERY_MS = 75;
const SAVE = '\x1b[s';
const RESTORE = '\x1b[u';
const HIDE = '\x1b[?25l';
const SHOW = '\x1b[?25h';
const ERASE_LINE = '\x1b[2K';
const ERASE_REST = '\x1b[0K';

/** Counts the bytes of a copy and shows them on a terminal while it runs. */
export class CopyProgress {
  bytes = 0;
  readonly #context: Context;
  readonly #header: string;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `header`: `Copying to container - `. */
  constructor(context: Context, header: string) {
    this.#context = context;
    this.#header = header;
  }

  async *count(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of archive) {
      this.bytes += chunk.length;
      yield chunk;
    }
  }

  begin(): void {
    const { err } = this.#context;
    if (!err.isTerminal) return;
    let shown = 0;
    err.write(`${SAVE}Preparing to copy...${HIDE}${RESTORE}${ERASE_LINE}${this.#header}${this.#size(0)}`);
    this.#timer = setInterval(() => {
      if (this.bytes === shown) return;
      shown = this.bytes;
      err.write(`\x1b[${this.#header.length + 1}G${ERASE_REST}${this.#size(shown)}`);
    }, EVERY_MS);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#context.err.write(`${SHOW}${RESTORE}${ERASE_LINE}`);
  }

  /** `destination`: as the user knows it. */
  succeeded(destination: string): void {
    this.#context.err.write(`Successfully copied ${this.#size(this.bytes)} to ${destination}\n`);
  }

  #size(bytes: number): string {
    return humanSize(bytes, 3);
  }
}
