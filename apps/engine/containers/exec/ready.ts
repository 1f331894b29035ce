import type { PipedLaunch } from './launch.ts';

/** How long a runtime that waits for something to run is kept. */
const KEEP_MS = 20_000;
/** How many are kept in all; each holds about 1.5 MB. */
const MAX = 8;

interface Ready extends PipedLaunch {
  timer: NodeJS.Timeout;
}

/**
 * Runtimes started ahead for containers in which something was executed just now: who executes once does so again
 * (health checks, scripts), and starting the runtime is most of an exec's time.
 */
export class ReadyExecs {
  readonly #ready = new Map<string, Ready>();

  /** Starts one for a container that has none. A failure to start is left for the exec that needs it to meet. */
  prepare(containerId: string, make: () => PipedLaunch): void {
    if (this.#ready.has(containerId)) return;
    let piped: PipedLaunch;
    try {
      piped = make();
    } catch {
      return; // out of descriptors or processes: only time is lost
    }
    const timer = setTimeout(() => this.drop(containerId), KEEP_MS);
    timer.unref();
    this.#ready.set(containerId, { ...piped, timer });
    const oldest = this.#ready.keys().next().value;
    if (this.#ready.size > MAX && oldest !== undefined) this.drop(oldest);
  }

  /** Hands one over, or undefined. */
  take(containerId: string): PipedLaunch | undefined {
    const ready = this.#ready.get(containerId);
    if (!ready) return undefined;
    this.#ready.delete(containerId);
    clearTimeout(ready.timer);
    if (ready.launch.alive) return ready;
    letGo(ready);
    return undefined;
  }

  drop(containerId: string): void {
    const ready = this.#ready.get(containerId);
    if (!ready) return;
    this.#ready.delete(containerId);
    clearTimeout(ready.timer);
    letGo(ready);
  }

  /** Lets all go and resolves when they have ended. */
  async close(): Promise<void> {
    const all = [...this.#ready.values()];
    for (const id of [...this.#ready.keys()]) this.drop(id);
    await Promise.all(all.map(({ launch }) => launch.exited));
  }
}

function letGo({ launch, stdin, stdout, stderr }: PipedLaunch): void {
  launch.abandon();
  for (const stream of [stdin, stdout, stderr]) stream.destroy();
}
