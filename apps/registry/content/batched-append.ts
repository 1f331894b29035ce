import type { Stage } from '../storage/driver.ts';

/** Bytes that may wait while others are written. */
const WAITING_MAX = 1024 * 1024;

/**
 * Appends to a stage what comes in small pieces: what comes while a write is under way is written together when that has
 * ended, and what comes alone is written at once.
 */
export class BatchedAppend {
  readonly #stage: Stage;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #writing: Promise<void> | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Resolves when the next piece may come. Errors: those of writing, also of what came before. */
  async push(chunk: Uint8Array): Promise<void> {
    this.#waiting.push(chunk);
    this.#bytes += chunk.byteLength;
    if (!this.#writing) this.#write();
    else if (this.#bytes > WAITING_MAX) await this.#writing;
  }

  /** Resolves when all is written. Errors: those of writing. */
  async end(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  #write(): void {
    const [first] = this.#waiting;
    const chunk = this.#waiting.length === 1 && first ? first : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    const writing = this.#stage.append(chunk).then(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#write();
    });
    writing.catch(() => {}); // whoever pushes or ends hears of it: `#writing` stays
    this.#writing = writing;
  }
}
