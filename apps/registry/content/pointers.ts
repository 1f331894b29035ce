import type { ContentDigest } from '../digest.ts';

/** Pointers remembered of all repositories together; a repository that has more is looked through each time. */
const MOST = 300_000;

type Index = Map<ContentDigest, Set<string>>;
/** Calls back for everything that points at something. */
type Read = (tell: (name: string, digest: ContentDigest) => void) => Promise<void>;

/**
 * What may point at a digest, by name, in memory: so that thousands of manifests or blobs can be deleted without reading
 * all tags or manifests for each. It is begun for a repository when somebody asks, and knows of everything written
 * since. What it names is a candidate: the object itself says where it points.
 */
export class Pointers {
  /** The repository that was asked about longest ago comes first. */
  readonly #repositories = new Map<string, Index>();
  readonly #most: number;
  #size = 0;

  constructor(most = MOST) {
    this.#most = most;
  }

  /**
   * Names of what may point at this digest. `read` tells of all there is of the repository, which must be locked for this
   * caller alone.
   */
  async candidates(repository: string, digest: ContentDigest, read: Read): Promise<string[]> {
    const known = this.#repositories.get(repository);
    if (known) {
      this.#repositories.delete(repository); // it goes to the end
      this.#repositories.set(repository, known);
      return [...(known.get(digest) ?? [])];
    }
    const found: string[] = [];
    let index: Index | undefined = new Map();
    let size = 0;
    await read((name, target) => {
      if (target === digest) found.push(name);
      size += index ? add(index, name, target) : 0;
      if (size > this.#most) index = undefined;
    });
    if (!index) return found;
    this.#repositories.set(repository, index);
    this.#size += size;
    this.#bound();
    return found;
  }

  /** Something is about to be written that points at this digest. */
  writing(repository: string, name: string, digest: ContentDigest): void {
    const index = this.#repositories.get(repository);
    if (!index) return;
    this.#size += add(index, name, digest);
    this.#bound();
  }

  /** Nothing points at this digest any more. The repository must be locked for this caller alone. */
  forget(repository: string, digest: ContentDigest): void {
    const index = this.#repositories.get(repository);
    this.#size -= index?.get(digest)?.size ?? 0;
    index?.delete(digest);
  }

  #bound(): void {
    for (const [repository, index] of this.#repositories) {
      if (this.#size <= this.#most) return;
      this.#repositories.delete(repository);
      for (const names of index.values()) this.#size -= names.size;
    }
  }
}

/** By how many entries it grew. */
function add(index: Index, name: string, digest: ContentDigest): number {
  const names = index.get(digest) ?? new Set();
  index.set(digest, names);
  const before = names.size;
  return names.add(name).size - before;
}
