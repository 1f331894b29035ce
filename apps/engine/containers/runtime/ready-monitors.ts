import type { WaitingMonitor } from './monitor.ts';

/** How long a monitor waits for the start of its container. */
const KEEP_MS = 500;
/** How many wait at once; each holds about 2 MB. */
const MAX = 8;

interface Ready {
  waiting: WaitingMonitor;
  timer: NodeJS.Timeout;
}

/**
 * Monitors started ahead for containers that were created just now: who creates one mostly starts it in the next
 * milliseconds (`run`), and monitor and runtime take 5 ms to come up.
 */
export class ReadyMonitors {
  readonly #ready = new Map<string, Ready>();
  readonly #discard: (id: string) => Promise<void>;

  /** `discard` is called for each that was not taken in time; it has to call `drop` when nothing else goes on there. */
  constructor(discard: (id: string) => Promise<void>) {
    this.#discard = discard;
  }

  /** Starts one. Does nothing when enough wait already; a failure is left for the start to meet. */
  prepare(id: string, launch: () => WaitingMonitor): void {
    if (this.#ready.size >= MAX || this.#ready.has(id)) return;
    try {
      const waiting = launch();
      this.#ready.set(id, { waiting, timer: setTimeout(() => void this.#discard(id), KEEP_MS) });
    } catch {
      // out of descriptors or processes: only time is lost
    }
  }

  /** Hands one over, or undefined. */
  take(id: string): WaitingMonitor | undefined {
    const ready = this.#ready.get(id);
    this.#ready.delete(id);
    clearTimeout(ready?.timer);
    return ready?.waiting;
  }

  /** Ends one, if there is one; says whether there was. */
  async drop(id: string): Promise<boolean> {
    const waiting = this.take(id);
    await waiting?.abandon();
    return waiting !== undefined;
  }

  /** Those that wait. */
  ids(): string[] {
    return [...this.#ready.keys()];
  }
}
