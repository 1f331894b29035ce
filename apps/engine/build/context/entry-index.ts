import { BerthError } from '@berth/kit';
import type { ContextEntry } from './model.ts';

/** Bounds of one context. */
const ENTRIES_MAX = 2_000_000;
const PATH_MAX = 3900;
const BYTES_MAX = 1024 ** 4;
/** As the kernel counts. */
const LINKS_MAX = 40;

/** What a context said of a file, before its place is known. */
export type GivenEntry = Omit<ContextEntry, 'path' | 'name'>;

/** Gathers the entries of a context: later ones take the place of earlier, parents that nobody named are made. */
export class EntryIndex {
  readonly #entries = new Map<string, ContextEntry>();
  #bytes = 0;

  /** Errors: invalid (a name leads outside, is too long, lies below what is no directory; too many or too large). */
  add(name: Buffer, given: GivenEntry): void {
    const parts = cleanName(name);
    if (parts.length === 0) return; // the context's own directory
    if (this.#entries.size >= ENTRIES_MAX) throw invalid(`it has more than ${ENTRIES_MAX} entries`);
    this.#bytes += given.size;
    if (this.#bytes > BYTES_MAX) throw invalid(`its files have more than ${BYTES_MAX} bytes`);
    const clean = join(parts);
    const path = clean.toString('utf8');
    this.#parents(parts);
    const there = this.#entries.get(path);
    if (there?.type === 'directory' && given.type !== 'directory') this.#clear(path);
    this.#entries.set(path, { ...given, path, name: clean });
  }

  /** A second name for the same content. Errors: invalid when there is no such file. */
  link(name: Buffer, target: Buffer): void {
    const found = this.#entries.get(join(cleanName(target)).toString('utf8'));
    if (!found || found.type === 'directory') throw invalid('a hard link has no target', name);
    this.add(name, found);
  }

  /** All of them in the order of their paths' bytes. */
  finish(): ReadonlyMap<string, ContextEntry> {
    const sorted = [...this.#entries.values()].sort((a, b) => Buffer.compare(a.name, b.name));
    return new Map(sorted.map((entry) => [entry.path, entry]));
  }

  #parents(parts: readonly Buffer[]): void {
    for (let depth = parts.length - 1; depth > 0; depth--) {
      const name = join(parts.slice(0, depth));
      const path = name.toString('utf8');
      const there = this.#entries.get(path);
      if (there?.type === 'directory') return;
      if (there) throw invalid('an entry lies below what is no directory', name);
      this.#entries.set(path, { ...IMPLIED, path, name });
    }
  }

  #clear(path: string): void {
    for (const below of this.#entries.keys()) if (below.startsWith(`${path}/`)) this.#entries.delete(below);
  }
}

const IMPLIED: GivenEntry = {
  type: 'directory',
  mode: 0o755,
  mtime: 0n,
  size: 0,
  sha256: '',
  link: Buffer.alloc(0),
  xattrs: new Map(),
};

/**
 * Finds an entry as a process whose root is the context would. `followLast` false: a symbolic link at the end stays one.
 * Undefined when there is nothing, or links go in circles; the context itself has no entry.
 */
export function resolveIn(
  entries: ReadonlyMap<string, ContextEntry>,
  path: string,
  { followLast = true }: { followLast?: boolean } = {},
): ContextEntry | undefined {
  let left = path.split('/');
  let at: string[] = [];
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at.pop();
      continue;
    }
    const entry = entries.get([...at, part].join('/'));
    if (!entry) return undefined;
    const isLast = left.every((rest) => rest === '');
    if (entry.type === 'symlink' && (followLast || !isLast)) {
      if (++links > LINKS_MAX) return undefined;
      const target = entry.link.toString('utf8');
      if (target.startsWith('/')) at = [];
      left = [...target.split('/'), ...left];
    } else if (entry.type !== 'directory' && !isLast) return undefined;
    else at.push(part);
  }
  return entries.get(at.join('/'));
}

function cleanName(name: Buffer): Buffer[] {
  if (name.length > PATH_MAX) throw invalid(`a name has more than ${PATH_MAX} bytes`);
  if (name.includes(0)) throw invalid('a name has a zero byte');
  const parts: Buffer[] = [];
  // Bytes stand as latin1 characters, so that any name passes unchanged.
  for (const part of name.toString('latin1').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(Buffer.from(part, 'latin1'));
    else if (parts.pop() === undefined) throw invalid('a name leads outside of it', name);
  }
  return parts;
}

function join(parts: readonly Buffer[]): Buffer {
  return Buffer.from(parts.map((part) => part.toString('latin1')).join('/'), 'latin1');
}

/** A context that is refused. */
export function invalid(what: string, name?: Buffer): BerthError {
  const where = name === undefined ? '' : ` (at ${JSON.stringify(name.toString('utf8').slice(0, 200))})`;
  return new BerthError('invalid', `invalid build context: ${what}${where}`);
}
