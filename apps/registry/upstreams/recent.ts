/** Remembers keys for a time each, at most so many: the oldest are forgotten first. */
export class Recent {
  readonly #until = new Map<string, number>();
  readonly #most: number;
  readonly #now: () => number;

  constructor(most: number, now: () => number = () => performance.now()) {
    this.#most = most;
    this.#now = now;
  }

  /** Milliseconds. */
  note(key: string, lasts: number): void {
    this.#until.delete(key);
    if (lasts <= 0) return;
    this.#until.set(key, this.#now() + lasts);
    const [oldest] = this.#until.keys();
    if (this.#until.size > this.#most && oldest !== undefined) this.#until.delete(oldest);
  }

  has(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#now()) return true;
    this.#until.delete(key);
    return false;
  }

  forget(key: string): void {
    this.#until.delete(key);
  }
}
