import { BerthError } from '@berth/kit';
import { matchPath } from '../../images/index.ts';
import type { FileFact } from '../cache/store.ts';
import type { CopyItem, TreeEntry } from '../files/protocol.ts';

/** What lies at a path of a tree. Names are bytes as latin1 characters. */
export interface Listing {
  /** The path itself with its links resolved; '' is the root. */
  base: string;
  /** The entry at `base`, first, and everything below it; the root has no entry of its own. */
  entries: TreeEntry[];
}

/** A tree that files are taken from. */
export interface FileTree {
  /** Follows links inside of the tree, also at the end; undefined when there is nothing. */
  list(path: string): Promise<Listing | undefined>;
}

export interface Selection {
  items: CopyItem[];
  facts: FileFact[];
  /** Things that sources named, directories counting as one. */
  matches: number;
  /** Whether one of them is a directory. */
  hasDirectory: boolean;
}

export interface SelectionOptions {
  /** Patterns as in .dockerignore, of paths in the tree. */
  isExcluded: (path: string) => boolean;
  /** Keep the directories above each source. */
  parents: boolean;
}

/** Files that one source of COPY names, with where they go below the destination. Nothing found is an empty selection. */
export async function selectFiles(tree: FileTree, source: string, options: SelectionOptions): Promise<Selection> {
  const selection: Selection = { items: [], facts: [], matches: 0, hasDirectory: false };
  const { path, kept } = splitSource(source, options.parents);
  const wild = firstWildcard(path);
  if (wild === undefined) {
    const listing = await tree.list(unescaped(path));
    if (listing) add(selection, listing, { ...options, kept, written: unescaped(path) });
    return selection;
  }
  const listing = await tree.list(wild.prefix);
  if (!listing) return selection;
  const prefix = listing.base === '' ? '' : `${listing.base}/`;
  for (const entry of listing.entries) {
    if (entry.path === listing.base || !entry.path.startsWith(prefix)) continue;
    const below = entry.path.slice(prefix.length);
    if (!matches(wild.pattern, below)) continue;
    const written = wild.prefix === '' ? below : `${wild.prefix}/${below}`;
    // A link that a pattern finds leads on, as one that is named.
    const found = entry.type === 'symlink' ? await tree.list(entry.path) : subtree(listing, entry);
    if (found) add(selection, found, { ...options, kept, written });
  }
  return selection;
}

function add(
  selection: Selection,
  { base, entries }: Listing,
  options: SelectionOptions & { kept: number; written: string },
): void {
  const top = entries.find(({ path }) => path === base);
  const isDirectory = base === '' || top?.type === 'directory';
  const under = options.parents ? options.written.split('/').slice(options.kept).join('/') : '';
  const name = options.written.split('/').at(-1) ?? '';
  let taken = false;
  for (const entry of entries) {
    const below = entry.path === base ? '' : entry.path.slice(base === '' ? 0 : base.length + 1);
    const shown = below === '' ? options.written : options.written === '' ? below : `${options.written}/${below}`;
    if (shown !== '' && options.isExcluded(shown)) continue;
    taken = true;
    const to = [under, below].filter((part) => part !== '').join('/');
    const { path: from, sha256, ...rest } = entry;
    selection.items.push({ ...rest, to, name, from });
    selection.facts.push(factOf(entry, shown));
  }
  if (!taken && !isDirectory) return;
  selection.matches++;
  if (isDirectory) selection.hasDirectory = true;
}

function factOf({ type, mode, uid, gid, sha256, link, rdev, xattrs }: TreeEntry, path: string): FileFact {
  const extended = [...xattrs].map(([name, value]) => ` ${name}=${Buffer.from(value).toString('hex')}`).join('');
  const device = type === 'char' || type === 'block' ? ` ${rdev}` : '';
  return {
    path: Buffer.from(path, 'latin1').toString('utf8'),
    kind: `${type} ${mode.toString(8).padStart(4, '0')} ${uid}:${gid}${device}${extended}`,
    content: type === 'symlink' ? link : sha256,
  };
}

function subtree({ entries }: Listing, top: TreeEntry): Listing {
  if (top.type !== 'directory') return { base: top.path, entries: [top] };
  return {
    base: top.path,
    entries: entries.filter(({ path }) => path === top.path || path.startsWith(`${top.path}/`)),
  };
}

/** A source below the root, cleaned; `kept`: parts before a `/./`, which `--parents` leaves out. */
function splitSource(source: string, parents: boolean): { path: string; kept: number } {
  const bytes = Buffer.from(source, 'utf8').toString('latin1');
  const pivot = parents ? bytes.indexOf('/./') : -1;
  const clean = (text: string) => {
    const parts: string[] = [];
    for (const part of text.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return parts;
  };
  const kept = pivot < 0 ? 0 : clean(bytes.slice(0, pivot)).length;
  return { path: clean(bytes).join('/'), kept };
}

/** The part of a path that is plain, and what is to be matched below it. */
function firstWildcard(path: string): { prefix: string; pattern: string } | undefined {
  const parts = path.split('/');
  const at = parts.findIndex((part) => /[*?[]/.test(part.replace(/\\./g, '')));
  if (at < 0) return undefined;
  return { prefix: unescaped(parts.slice(0, at).join('/')), pattern: parts.slice(at).join('/') };
}

function unescaped(path: string): string {
  return path.replace(/\\(.)/g, '$1');
}

/** Go's filepath.Match, and `**` for any number of directories. Takes time in proportion to pattern times path. */
function matches(pattern: string, path: string): boolean {
  const patterns = pattern.split('/').filter((part, index, all) => part !== '**' || all[index - 1] !== '**');
  // Places of the pattern that the path read so far can have reached.
  let reached = passDeep(patterns, [0]);
  for (const part of path.split('/')) {
    const next: number[] = [];
    for (const place of reached) {
      const own = patterns[place];
      if (own === '**') next.push(place);
      else if (own !== undefined && matchOne(own, part)) next.push(place + 1);
    }
    if (next.length === 0) return false;
    reached = passDeep(patterns, next);
  }
  return reached.has(patterns.length);
}

/** `**` may also stand for nothing. */
function passDeep(patterns: readonly string[], places: Iterable<number>): Set<number> {
  const reached = new Set<number>();
  for (const place of places) {
    reached.add(place);
    if (patterns[place] === '**') reached.add(place + 1);
  }
  return reached;
}

function matchOne(pattern: string, name: string): boolean {
  try {
    return matchPath(pattern, name);
  } catch (cause) {
    throw new BerthError('invalid', `syntax error in pattern ${JSON.stringify(pattern)}`, { cause });
  }
}
