import type { ContentDigest } from '../digest.ts';

/** Entries beyond this many are looked through for old ones. */
const PRUNE_AT = 10_000;

interface Use {
  /** Milliseconds since 1970. */
  time: number;
  /** Counts up with every use: finer than any clock. */
  order: number;
}

/** Uses from here on are remembered until `end`. */
export interface Watch {
  order: number;
  end(): void;
}

/**
 * When content was last pushed, pointed at or asked about, in this process: what cleaning asks before it removes
 * something that it found unused a while ago. What makes a use is done first and noted then, under the lock that a
 * removal takes: a look that began before the note finds the note, one that began after it what was done. A scope is a repository, or `''` for the bytes themselves.
 */
export class Uses {
  readonly #uses = new Map<string, Use>();
  readonly #keepMs: number;
  readonly #now: () => number;
  readonly #watches = new Set<Watch>();
  #order = 0;
  #pruneAt = PRUNE_AT;

  /** Uses are remembered for `keepMs` milliseconds at least. */
  constructor(keepMs: number, now: () => number = Date.now) {
    this.#keepMs = keepMs;
    this.#now = now;
  }

  note(scope: string, digest: ContentDigest): void {
    const key = `${scope} ${digest}`;
    this.#uses.delete(key); // the order of the map is that of the uses
    this.#uses.set(key, { time: this.#now(), order: this.#order++ });
    if (this.#uses.size > this.#pruneAt) this.#prune();
  }

  /** Was it used after this watch began? */
  since(watch: Watch, scope: string, digest: ContentDigest): boolean {
    return (this.#uses.get(`${scope} ${digest}`)?.order ?? -1) >= watch.order;
  }

  /** Was it used after this time (milliseconds since 1970), as far as that is remembered? */
  after(time: number, scope: string, digest: ContentDigest): boolean {
    return (this.#uses.get(`${scope} ${digest}`)?.time ?? Number.NEGATIVE_INFINITY) > time;
  }

  watch(): Watch {
    const watch: Watch = { order: this.#order, end: () => void this.#watches.delete(watch) };
    this.#watches.add(watch);
    return watch;
  }

  #prune(): void {
    const time = this.#now() - this.#keepMs;
    const order = Math.min(this.#order, ...[...this.#watches].map((watch) => watch.order));
    for (const [key, use] of this.#uses) {
      if (use.time >= time || use.order >= order) break;
      this.#uses.delete(key);
    }
    this.#pruneAt = Math.max(PRUNE_AT, 2 * this.#uses.size);
  }
}
