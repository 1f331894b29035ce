import { eachOf } from '../content/each-of.ts';
import { repositories } from '../content/repositories.ts';
import type { Store } from '../content/store.ts';
import { KEYS, unflat } from '../storage/keys.ts';

/** Bytes that repositories of a pattern may have together. */
export interface QuotaRule {
  repositories: readonly string[];
  bytes: number;
}

/**
 * What the repositories of one rule have: each blob and manifest counts once in each repository that has it, and bytes
 * on their way in count as soon as they come. Counted from the storage when first needed, then kept up; removals make it
 * doubtful, and it is counted again before anybody is refused because of a doubtful figure.
 */
export class QuotaLedger {
  readonly limit: number;
  readonly #patterns: readonly ((repository: string) => boolean)[];
  readonly #store: Store;
  /** `REPOSITORY DIGEST` → bytes. */
  #held = new Map<string, number>();
  #used = 0;
  /** Upload → bytes. */
  readonly #coming = new Map<string, number>();
  #reserved = 0;
  /** What was added while counting, which the count may have missed. */
  #since = new Map<string, number>();
  #counting: Promise<void> | undefined;
  #doubtful = true;
  #counted = false;

  constructor(limit: number, patterns: readonly ((repository: string) => boolean)[], store: Store) {
    this.limit = limit;
    this.#patterns = patterns;
    this.#store = store;
  }

  covers(repository: string): boolean {
    return this.#patterns.some((means) => means(repository));
  }

  /** Bytes in use and on their way. */
  get total(): number {
    return this.#used + this.#reserved;
  }

  /** Sets bytes aside for an upload. Resolves to false when there is no room for them. */
  async reserve(upload: string, bytes: number): Promise<boolean> {
    for (;;) {
      if (!(await this.hasRoom(bytes))) return false;
      // Somebody else may have been let in since.
      if (this.total + bytes > this.limit) continue;
      this.#coming.set(upload, (this.#coming.get(upload) ?? 0) + bytes);
      this.#reserved += bytes;
      return true;
    }
  }

  /** Whether so many bytes more are allowed as things are. */
  async hasRoom(bytes: number): Promise<boolean> {
    if (!this.#counted) await this.#count();
    if (this.total + bytes <= this.limit) return true;
    if (!this.#doubtful) return false;
    await this.#count();
    return this.total + bytes <= this.limit;
  }

  isKnown(upload: string): boolean {
    return this.#coming.has(upload);
  }

  /** An upload is over: its bytes are gone, or held from now on (`hold`, at once). */
  release(upload: string): void {
    this.#reserved -= this.#coming.get(upload) ?? 0;
    this.#coming.delete(upload);
  }

  /** A repository has this now; more than once is once. */
  hold(repository: string, digest: string, bytes: number): void {
    const key = `${repository} ${digest}`;
    this.#since.set(key, bytes);
    this.#put(key, bytes);
  }

  /** Something was removed. */
  doubt(): void {
    this.#doubtful = true;
  }

  #put(key: string, bytes: number): void {
    this.#used += bytes - (this.#held.get(key) ?? 0);
    this.#held.set(key, bytes);
  }

  #count(): Promise<void> {
    this.#counting ??= this.#countNow().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #countNow(): Promise<void> {
    this.#doubtful = false;
    this.#since = new Map();
    const held = new Map<string, number>();
    for await (const repository of repositories(this.#store))
      if (this.covers(repository)) await this.#look(repository, held);
    const stages = new Set<string>();
    for await (const { id } of this.#store.driver.stages()) stages.add(id);
    for (const upload of this.#coming.keys()) if (!isPassing(upload) && !stages.has(upload)) this.release(upload);
    this.#held = held;
    this.#used = 0;
    for (const bytes of held.values()) this.#used += bytes;
    for (const [key, bytes] of this.#since) this.#put(key, bytes);
    this.#counted = true;
  }

  async #look(repository: string, held: Map<string, number>): Promise<void> {
    const { driver } = this.#store;
    for (const prefix of [KEYS.links(repository), KEYS.records(repository)]) {
      await eachOf(driver.children(prefix), 16, async (name) => {
        const digest = unflat(name);
        const facts = digest && (await driver.stat(KEYS.content(digest)));
        if (facts) held.set(`${repository} ${digest}`, facts.size);
      });
    }
  }
}

/** Bytes of one request, which no stage is known for: it releases them itself. */
export function passingKey(): string {
  return `request ${++passing}`;
}

let passing = 0;

function isPassing(upload: string): boolean {
  return upload.startsWith('request ');
}
