import type { Socket } from 'node:net';
import type { WaitTicket } from './service.ts';

type Exit = Awaited<WaitTicket['exited']>;

/** What is known of a container only while this engine runs: who waits for it, who feeds it. */
export class LiveContainer {
  /** Resolved at each end of a run, then replaced. */
  readonly #exits = new Set<(exit: Exit) => void>();
  readonly #removals = new Set<(exit: Exit) => void>();
  readonly #endings = new Set<() => void>();
  /** Called when the container is created by the runtime and not yet running. */
  readonly onCreated = new Set<() => void>();
  /** Packets of output as the monitor sends them: stream number, payload. Only while `input` is connected. */
  readonly onOutput = new Set<(packet: Buffer) => void>();
  /** Connection to the monitor for stdin (and output, where nothing is logged), shared by all clients. */
  input: Socket | undefined;
  /** Pending restart by policy. */
  restartTimer: NodeJS.Timeout | undefined;
  /** Waiting time of the last restart by policy, in milliseconds. */
  restartDelay = 0;
  lastExit: Exit | undefined;
  /** Resolves when the root file system of the last run is unmounted. */
  released: Promise<void> = Promise.resolve();

  nextExit(): Promise<Exit> {
    return new Promise((resolve) => this.#exits.add(resolve));
  }

  removal(): Promise<Exit> {
    return new Promise((resolve) => this.#removals.add(resolve));
  }

  /** Calls back when the present run has ended and all its output is in the log; returns how to stop waiting. */
  onEnded(callback: () => void): () => void {
    this.#endings.add(callback);
    return () => this.#endings.delete(callback);
  }

  ended(exit: Exit): void {
    this.lastExit = exit;
    settle(this.#exits, exit);
    for (const callback of [...this.#endings]) callback();
    this.#endings.clear();
    this.input?.destroy();
    this.input = undefined;
  }

  removed(): void {
    const exit = this.lastExit ?? { StatusCode: 0 };
    settle(this.#removals, exit);
    settle(this.#exits, exit);
  }
}

function settle(waiters: Set<(exit: Exit) => void>, exit: Exit): void {
  for (const resolve of waiters) resolve(exit);
  waiters.clear();
}

/** One LiveContainer for each container that anybody asked about. */
export class LiveRegistry {
  readonly #containers = new Map<string, LiveContainer>();

  of(id: string): LiveContainer {
    let live = this.#containers.get(id);
    if (!live) {
      live = new LiveContainer();
      this.#containers.set(id, live);
    }
    return live;
  }

  forget(id: string): void {
    this.#containers.delete(id);
  }

  /** Stops timers and connections. */
  close(): void {
    for (const live of this.#containers.values()) {
      clearTimeout(live.restartTimer);
      live.input?.destroy();
    }
  }
}
