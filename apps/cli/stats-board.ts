import { type ContainerStats, containerStats, type EngineClient, jsonLines } from '@berth/client';
import type { StatsRow } from './render/stats.ts';

/** How many streams are held open at once: below what the HTTP client allows. The rest is asked for in turn. */
const STREAMS = 200;
const POLL_MS = 1000;
/** How long the first picture waits for a container. */
const FIRST_MS = 2500;

/** The latest look at each of some containers. */
export class StatsBoard {
  readonly #client: EngineClient;
  readonly #live: boolean;
  readonly #abort = new AbortController();
  readonly #entries = new Map<string, Entry>();
  #streams = 0;
  #failure: unknown;

  /** `live`: looks are kept up to date; else there is one of each. */
  constructor(client: EngineClient, live: boolean) {
    this.#client = client;
    this.#live = live;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Why the whole board is of no more use. */
  get failure(): unknown {
    return this.#failure;
  }

  fail(error: unknown): void {
    this.#failure ??= error;
  }

  /** Begins to watch; does nothing for one that is watched. `shown`: how the user calls it. */
  add(key: string, shown: string): void {
    if (this.#entries.has(key) || this.#abort.signal.aborted) return;
    let known = () => {};
    const first = new Promise<void>((resolve) => {
      known = resolve;
    });
    const entry: Entry = { shown, seen: undefined, error: undefined, abort: new AbortController(), first, known };
    this.#entries.set(key, entry);
    this.#watch(key, entry).then(
      () => this.#over(key, entry),
      (error: unknown) => {
        if (entry.abort.signal.aborted) return;
        entry.error = error;
        entry.seen = undefined;
        entry.known();
      },
    );
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    entry?.abort.abort();
    entry?.known();
  }

  /** Resolves when something is known of each, or it takes too long. */
  async firstLook(): Promise<void> {
    const all = Promise.all([...this.#entries.values()].map((entry) => entry.first));
    if (!this.#live) return void (await all);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FIRST_MS);
    });
    await Promise.race([all, late]);
    clearTimeout(timer);
  }

  /** In the order in which they were added. */
  rows(): StatsRow[] {
    return [...this.#entries.values()].map(({ shown, seen }) => ({ container: shown, seen }));
  }

  errors(): unknown[] {
    return [...this.#entries.values()].flatMap(({ error }) => (error === undefined ? [] : [error]));
  }

  close(): void {
    this.#abort.abort();
    for (const key of [...this.#entries.keys()]) this.remove(key);
  }

  /** Resolves when there is no more to be seen. */
  async #watch(key: string, entry: Entry): Promise<void> {
    if (!this.#live) return this.#read(key, entry, false);
    if (this.#streams >= STREAMS) return this.#poll(key, entry);
    this.#streams++;
    try {
      await this.#read(key, entry, true);
    } finally {
      this.#streams--;
    }
  }

  async #poll(key: string, entry: Entry): Promise<void> {
    while (!entry.abort.signal.aborted) {
      await this.#read(key, entry, false);
      await new Promise((next) => setTimeout(next, POLL_MS));
    }
  }

  async #read(key: string, entry: Entry, stream: boolean): Promise<void> {
    const response = await containerStats(this.#client, key, { stream, signal: entry.abort.signal });
    for await (const seen of jsonLines<ContainerStats>(response)) {
      entry.seen = seen;
      entry.known();
    }
  }

  /** A live container whose stream ends was removed. */
  #over(key: string, entry: Entry): void {
    entry.known();
    if (this.#live && this.#entries.get(key) === entry) this.remove(key);
  }
}

interface Entry {
  shown: string;
  seen: ContainerStats | undefined;
  error: unknown;
  abort: AbortController;
  first: Promise<void>;
  known: () => void;
}
