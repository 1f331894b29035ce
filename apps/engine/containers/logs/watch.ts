import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Looking without being told, in milliseconds: events can be lost when a queue of the kernel overflows. */
const SAFETY_INTERVAL = 1000;
/** The same when the kernel gives no more watches. */
const POLL_INTERVAL = 50;

/** Tells when a log may have grown, was renamed, or is over. */
export class LogWatch {
  readonly #watcher: FSWatcher | undefined;
  readonly #ended: AbortSignal | undefined;
  readonly #interval: number;
  /** Milliseconds since the epoch after which nothing more is wanted. */
  readonly #deadline: number;
  #changed = true;
  #renamed = true;
  /** The end was seen and one more look was allowed after it. */
  #finished = false;
  #closed = false;
  #wake: (() => void) | undefined;
  readonly #onEnded = () => this.#wake?.();

  /** `until`: nanoseconds since the epoch, 0 = no limit. `ended`: nothing more is written once it is aborted. */
  constructor(path: string, until: bigint, ended: AbortSignal | undefined) {
    this.#deadline = until > 0n ? Number(until / 1_000_000n) : Number.POSITIVE_INFINITY;
    this.#ended = ended;
    this.#watcher = this.#startWatching(path);
    this.#interval = this.#watcher ? SAFETY_INTERVAL : POLL_INTERVAL;
    ended?.addEventListener('abort', this.#onEnded);
  }

  /** Resolves to true when it is worth reading again; to false when there will be nothing more. */
  async wait(): Promise<boolean> {
    if (this.#closed || this.#finished) return false;
    if (!this.#changed && !this.#isOver()) await this.#sleep();
    if (this.#closed) return false;
    // What was written before the end may have come after our last read: read once more, then stop.
    if (this.#isOver()) this.#finished = true;
    this.#changed = false;
    return true;
  }

  /** Whether files were renamed or made since this was asked last. */
  takeRenamed(): boolean {
    const renamed = this.#renamed;
    this.#renamed = false;
    return renamed;
  }

  keepRenamed(): void {
    this.#renamed = true;
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#ended?.removeEventListener('abort', this.#onEnded);
    this.#wake?.();
  }

  #isOver(): boolean {
    return this.#ended?.aborted === true || Date.now() > this.#deadline;
  }

  /** Watches the directory, so that a file made by rotation is seen too. */
  #startWatching(path: string): FSWatcher | undefined {
    const name = basename(path);
    try {
      const watcher = watch(dirname(path), { persistent: false }, (event, file) => {
        if (file !== null && !file.startsWith(name)) return;
        if (event === 'rename') this.#renamed = true;
        this.#changed = true;
        this.#wake?.();
      });
      watcher.on('error', () => this.#markUnsure());
      return watcher;
    } catch {
      return undefined; // out of watches: the interval does instead
    }
  }

  #markUnsure(): void {
    this.#changed = true;
    this.#renamed = true;
    this.#wake?.();
  }

  #sleep(): Promise<void> {
    const milliseconds = Math.min(this.#interval, Math.max(0, this.#deadline - Date.now()) + 1);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#markUnsure(), milliseconds);
      this.#wake = () => {
        this.#wake = undefined;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
