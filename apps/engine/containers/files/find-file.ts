import { type BigIntStats, closeSync, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { changeDirectory } from '../../linux/chroot.ts';
import { closeForeign } from '../../linux/close.ts';
import { O, openInRootFd } from '../../linux/open-in-root.ts';
import type { PathStat } from './protocol.ts';

/** A file that was found: the thread's working directory is its parent, or itself where it is a directory. */
export interface FoundFile {
  stat: PathStat;
  isDirectory: boolean;
  /** Last part of the path as it was asked for: the name in the archive. `.` and `/` stay as they are. */
  base: string;
}

/**
 * Goes to a path of the view that is the thread's root (`enterView`), resolved by the kernel in one step and held by its
 * descriptor from then on. The last part is not followed where it is a link, but with a slash or `/.` at the end, as
 * Docker has it. Errors: not-found, invalid, in the kernel's words.
 */
export function findFile(path: string): FoundFile {
  const { full, parent, last, trailing } = splitPath(path);
  const root = openSync('/', O.PATH | O.DIRECTORY);
  try {
    if (last === '' || trailing) enter(root, full, O.DIRECTORY);
    else {
      enter(root, parent, O.DIRECTORY);
      const stat = lstatSync(last, { bigint: true });
      if (!stat.isDirectory()) return { stat: describe(stat, last, full), isDirectory: false, base: last };
      const fd = openSync(last, O.PATH | O.DIRECTORY | O.NOFOLLOW);
      try {
        changeDirectory(fd);
      } finally {
        closeSync(fd);
      }
    }
    const base = trailing === '/.' ? '.' : last === '' ? '/' : last;
    return { stat: describe(lstatSync('.', { bigint: true }), base, full), isDirectory: true, base };
  } catch (error) {
    throw describeLookup(error, path);
  } finally {
    closeSync(root);
  }
}

/** Opens a directory of the view, following links, also the last. The caller closes it (`closeForeign`). Errors: as `findFile`. */
export function openDirectory(path: string): number {
  const root = openSync('/', O.PATH | O.DIRECTORY);
  try {
    return openInRootFd(root, splitPath(path).full, O.PATH | O.DIRECTORY);
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') throw new BerthError('invalid', 'extraction point is not a directory');
    throw describeLookup(error, path);
  } finally {
    closeSync(root);
  }
}

/** A small regular file of the view; undefined where there is none. Devices cannot be opened in a view. */
export function readSmallFile(path: string, limit: number): Buffer | undefined {
  const root = openSync('/', O.PATH | O.DIRECTORY);
  let fd: number | undefined;
  try {
    fd = openInRootFd(root, path, O.RDONLY | O.NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > limit) return undefined;
    const content = Buffer.alloc(stat.size);
    return content.subarray(0, readSync(fd, content, 0, content.length, 0));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeForeign(fd);
    closeSync(root);
  }
}

interface SplitPath {
  /** Absolute, without `.` and `..`. */
  full: string;
  parent: string;
  last: string;
  /** What stood at the end: it asks for the directory itself, through links. */
  trailing: '' | '/' | '/.';
}

export function splitPath(path: string): SplitPath {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const trailing = /(^|\/)\.$/.test(path) ? '/.' : path.endsWith('/') ? '/' : '';
  return {
    full: `/${parts.join('/')}`,
    parent: `/${parts.slice(0, -1).join('/')}`,
    last: parts.at(-1) ?? '',
    trailing,
  };
}

function enter(root: number, path: string, flags: number): void {
  const fd = openInRootFd(root, path, O.PATH | flags);
  try {
    changeDirectory(fd);
  } finally {
    closeForeign(fd);
  }
}

/** Bits of Go's os.FileMode beside the permissions. */
const GO_MODE = { directory: 2 ** 31, link: 2 ** 27, device: 2 ** 26, pipe: 2 ** 25, socket: 2 ** 24 } as const;
const GO_SETUID = 2 ** 23;
const GO_SETGID = 2 ** 22;
const GO_CHARACTER_DEVICE = 2 ** 21;
const GO_STICKY = 2 ** 20;

function describe(stat: BigIntStats, name: string, full: string): PathStat {
  return {
    name,
    size: Number(stat.size),
    mode: goMode(stat),
    mtime: rfc3339(stat.mtimeNs),
    linkTarget: stat.isSymbolicLink() ? followLinks(full) : '',
  };
}

function goMode(stat: BigIntStats): number {
  const bits = Number(stat.mode & 0o7777n);
  let mode = bits & 0o777;
  if (stat.isDirectory()) mode += GO_MODE.directory;
  else if (stat.isSymbolicLink()) mode += GO_MODE.link;
  else if (stat.isFIFO()) mode += GO_MODE.pipe;
  else if (stat.isSocket()) mode += GO_MODE.socket;
  else if (stat.isBlockDevice()) mode += GO_MODE.device;
  else if (stat.isCharacterDevice()) mode += GO_MODE.device + GO_CHARACTER_DEVICE;
  if (bits & 0o4000) mode += GO_SETUID;
  if (bits & 0o2000) mode += GO_SETGID;
  if (bits & 0o1000) mode += GO_STICKY;
  return mode;
}

function rfc3339(nanos: bigint): string {
  let fraction = nanos % 1_000_000_000n;
  if (fraction < 0n) fraction += 1_000_000_000n;
  const seconds = Number((nanos - fraction) / 1_000_000_000n);
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${digits}Z`;
}

const LINKS_MAX = 255;

/** Where a path leads to when all links are followed, as far as there is anything. A text for people and clients only. */
function followLinks(path: string): string {
  const todo = path.split('/').filter((part) => part !== '');
  const done: string[] = [];
  for (let links = 0; todo.length > 0; ) {
    const part = todo.shift()!;
    if (part === '.' || part === '') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = `/${[...done, part].join('/')}`;
    const target = readLink(here);
    if (target === undefined) done.push(part);
    else {
      if (++links > LINKS_MAX) throw new BerthError('invalid', `too many links in ${path}`);
      if (target.startsWith('/')) done.length = 0;
      todo.unshift(...target.split('/'));
    }
  }
  return `/${done.join('/')}`;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

const REASONS: Record<string, string> = {
  ENOTDIR: 'not a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  EACCES: 'permission denied',
};

function describeLookup(error: unknown, path: string): unknown {
  const errno = errnoOf(error) ?? '';
  if (errno === 'ENOENT') return new BerthError('not-found', `Could not find the file ${path}`, { cause: error });
  const reason = REASONS[errno];
  return reason === undefined ? error : new BerthError('invalid', `lstat ${path}: ${reason}`, { cause: error });
}
