import type { Sample } from './sample.ts';

/** Time between two looks at a container, as Docker's. */
const PERIOD_MS = 1000;
/** What is due so soon is looked at now: watchers of many containers then share rounds. */
const SLACK_MS = 100;

/** One look at a container; undefined when it is gone. Must not throw. */
export type Take = (id: string, now: number) => Sample | undefined;

/** Called with each sample, and with undefined when there will be no more. */
export type Watcher = (sample: Sample | undefined, before: Sample | undefined) => void;

/**
 * Looks at containers once a second for as long as anybody watches them, once for all who watch the same. A new watcher
 * gets at once what was seen last, or a first look. With nobody watching there is no timer.
 */
export class Sampler {
  readonly #take: Take;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #inRound = false;

  constructor(take: Take) {
    this.#take = take;
  }

  /** Returns how to stop watching. */
  watch(id: string, watcher: Watcher): () => void {
    let entry = this.#watched.get(id);
    if (!entry) {
      entry = { watchers: new Set(), last: undefined, before: undefined, due: 0 };
      this.#watched.set(id, entry);
    }
    const { watchers, last, before } = entry;
    watchers.add(watcher);
    if (last) watcher(last, before);
    else this.#look(id, entry);
    this.#schedule();
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#watched.get(id)?.watchers === watchers) this.#watched.delete(id);
      if (this.#watched.size === 0) this.#stop();
    };
  }

  /** A look of its own, for one who does not watch. */
  look(id: string): Sample | undefined {
    return this.#take(id, Date.now());
  }

  close(): void {
    this.#stop();
    this.#watched.clear();
  }

  /** How many containers are looked at. */
  get size(): number {
    return this.#watched.size;
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#inRound || this.#watched.size === 0) return;
    const due = Math.min(...[...this.#watched.values()].map((entry) => entry.due));
    this.#timer = setTimeout(() => void this.#round(), Math.max(0, due - Date.now()));
  }

  /** Between containers others get their turn: no round holds up the engine, however many there are. */
  async #round(): Promise<void> {
    this.#timer = undefined;
    this.#inRound = true;
    const limit = Date.now() + SLACK_MS;
    for (const [id, entry] of [...this.#watched]) {
      if (entry.due > limit || this.#watched.get(id) !== entry) continue;
      this.#look(id, entry);
      await new Promise(setImmediate);
    }
    this.#inRound = false;
    this.#schedule();
  }

  #look(id: string, entry: Watched): void {
    const now = Date.now();
    const sample = this.#take(id, now);
    entry.before = entry.last;
    entry.last = sample;
    entry.due = now + PERIOD_MS;
    if (!sample) this.#watched.delete(id);
    for (const watcher of [...entry.watchers]) watcher(sample, entry.before);
  }
}

interface Watched {
  readonly watchers: Set<Watcher>;
  last: Sample | undefined;
  before: Sample | undefined;
  /** When it is to be looked at next. */
  due: number;
}
