import type { Socket } from 'node:net';
import { BerthError } from '@berth/kit';
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
  /** Resolves when the root file system of the last run is unmounted. */
  released: Promise<void> = Promise.resolve();

  /** Rejects, and keeps nothing, when `signal` aborts: the same holds for `removal`. */
  nextExit(signal?: AbortSignal): Promise<Exit> {
    return waitIn(this.#exits, signal);
  }

  removal(signal?: AbortSignal): Promise<Exit> {
    return waitIn(this.#removals, signal);
  }

  /** Calls back when the present run has ended and all its output is in the log; returns how to stop waiting. */
  onEnded(callback: () => void): () => void {
    this.#endings.add(callback);
    return () => this.#endings.delete(callback);
  }

  ended(exit: Exit): void {
    settle(this.#exits, exit);
    this.letGo();
    this.input = undefined; // closed by the monitor's end, when the last of its output was read
  }

  /** Ends what clients have attached to a run that is over, or that never came about. */
  letGo(): void {
    for (const callback of [...this.#endings]) callback();
    this.#endings.clear();
  }

  /** `exit`: how its last run ended. */
  removed(exit: Exit): void {
    settle(this.#removals, exit);
    settle(this.#exits, exit);
    this.letGo();
  }
}

function waitIn(waiters: Set<(exit: Exit) => void>, signal: AbortSignal | undefined): Promise<Exit> {
  return new Promise((resolve, reject) => {
    const abandon = () => {
      waiters.delete(done);
      reject(new BerthError('canceled', 'the client went away'));
    };
    const done = (exit: Exit) => {
      signal?.removeEventListener('abort', abandon);
      resolve(exit);
    };
    if (signal?.aborted) return abandon();
    waiters.add(done);
    signal?.addEventListener('abort', abandon, { once: true });
  });
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
