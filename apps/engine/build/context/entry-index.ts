import { BerthError } from '@berth/kit';
import type { ContextEntry } from './model.ts';

/** Bounds of one context. Directories that are only implied count as entries, with the bytes of their whole paths. */
const ENTRIES_MAX = 2_000_000;
const PATH_MAX = 3900;
const PARTS_MAX = 255;
const NAMES_MAX = 256 * 1024 ** 2;
const BYTES_MAX = 1024 ** 4;
/** As the kernel counts. */
const LINKS_MAX = 40;

/** What a context said of a file, before its place is known. */
export type GivenEntry = Omit<ContextEntry, 'path' | 'name'>;

/** An entry and, by name, what lies directly below it. */
interface Node {
  entry: ContextEntry;
  below?: Map<string, Node>;
}

/** Gathers the entries of a context: later ones take the place of earlier, parents that nobody named are made. */
export class EntryIndex {
  readonly #root = new Map<string, Node>();
  /** What was ever added: also what was replaced has cost its time. */
  #count = 0;
  #nameBytes = 0;
  #bytes = 0;

  /** Errors: invalid (a name leads outside, is too long or deep, lies below what is no directory; too many or too large). */
  add(name: Buffer, given: GivenEntry): void {
    const clean = cleanName(name);
    if (clean.length === 0) return; // the context's own directory
    this.#bytes += given.size;
    if (this.#bytes > BYTES_MAX) throw invalid(`its files have more than ${BYTES_MAX} bytes`);
    const path = clean.toString('utf8');
    const siblings = this.#parents(clean, path);
    const own = path.slice(path.lastIndexOf('/') + 1);
    const entry = { ...given, path, name: clean };
    const there = siblings.get(own);
    if (there) {
      if (given.type !== 'directory') delete there.below;
      there.entry = entry;
    } else this.#put(siblings, own, { entry });
  }

  /** A second name for the same content. Errors: invalid when there is no such file. */
  link(name: Buffer, target: Buffer): void {
    const found = this.#find(cleanName(target).toString('utf8'));
    if (!found || found.type === 'directory') throw invalid('a hard link has no target', name);
    this.add(name, found);
  }

  /** All of them in the order of their paths' bytes. */
  finish(): ReadonlyMap<string, ContextEntry> {
    const all: ContextEntry[] = [];
    const gather = (nodes: Iterable<Node>) => {
      for (const { entry, below } of nodes) {
        all.push(entry);
        if (below) gather(below.values());
      }
    };
    gather(this.#root.values());
    all.sort((a, b) => Buffer.compare(a.name, b.name));
    return new Map(all.map((entry) => [entry.path, entry]));
  }

  /** What lies beside a name. The names of directories that are made for it are pieces of it: they share its memory. */
  #parents(name: Buffer, path: string): Map<string, Node> {
    let siblings = this.#root;
    let [start, bytes] = [0, -1];
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', start)) {
      const own = path.slice(start, end);
      bytes = name.indexOf(SLASH, bytes + 1);
      let node = siblings.get(own);
      if (!node) {
        node = { entry: { ...IMPLIED, path: path.slice(0, end), name: name.subarray(0, bytes) } };
        this.#put(siblings, own, node);
      } else if (node.entry.type !== 'directory')
        throw invalid('an entry lies below what is no directory', node.entry.name);
      node.below ??= new Map();
      siblings = node.below;
      start = end + 1;
    }
    return siblings;
  }

  #put(siblings: Map<string, Node>, own: string, node: Node): void {
    this.#count++;
    this.#nameBytes += node.entry.name.length;
    if (this.#count > ENTRIES_MAX) throw invalid(`it has more than ${ENTRIES_MAX} entries`);
    if (this.#nameBytes > NAMES_MAX) throw invalid(`its names have more than ${NAMES_MAX} bytes`);
    siblings.set(own, node);
  }

  #find(path: string): ContextEntry | undefined {
    let siblings: Map<string, Node> | undefined = this.#root;
    let node: Node | undefined;
    for (const part of path.split('/')) {
      node = siblings?.get(part);
      siblings = node?.below;
    }
    return node?.entry;
  }
}

const SLASH = 0x2f;
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

/** The name without `.`, `..` and doubled slashes; empty for the context itself. */
function cleanName(name: Buffer): Buffer {
  if (name.length > PATH_MAX) throw invalid(`a name has more than ${PATH_MAX} bytes`);
  if (name.includes(0)) throw invalid('a name has a zero byte');
  const parts: string[] = [];
  // Bytes stand as latin1 characters, so that any name passes unchanged.
  for (const part of name.toString('latin1').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw invalid('a name leads outside of it', name);
  }
  if (parts.length > PARTS_MAX) throw invalid(`a name has more than ${PARTS_MAX} parts`, name);
  return Buffer.from(parts.join('/'), 'latin1');
}

/** A context that is refused. */
export function invalid(what: string, name?: Buffer): BerthError {
  const where = name === undefined ? '' : ` (at ${JSON.stringify(name.toString('utf8').slice(0, 200))})`;
  return new BerthError('invalid', `invalid build context: ${what}${where}`);
}
