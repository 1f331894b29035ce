import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { closeForeign } from './close.ts';
import { linkOpenFile, mknod, setTimes } from './file.ts';
import { libc, SyscallError } from './libc.ts';
import { openPlaceBeneathFd } from './open-in-root.ts';
import { openRegular } from './open-regular.ts';
import { getXattr, listXattrs, setXattr } from './xattr.ts';

const ioctlC = libc.func('int ioctl(int fd, ulong request, int source)');
const lseekC = libc.func('int64 lseek(int fd, int64 offset, int whence)');
const FICLONE = 0x40049409;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const CHUNK = 1024 * 1024;
/** Directories below directories: each level costs a descriptor on either side. */
const MAX_DEPTH = 1000;
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = constants;
const OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

/** What a copy did. */
export interface CopyFigures {
  entries: number;
  /** Files whose blocks are shared with their source (reflinks, FICLONE). */
  shared: number;
  /** Files that were written anew. */
  copied: number;
  /** Bytes written anew; holes do not count. */
  bytes: number;
}

/**
 * Copies all that is in one open directory into another: modes, owners, times, extended attributes, links, hard links,
 * holes, devices. Blocks are shared where the file system can. Every step is one name below an open descriptor and
 * links are never followed, so that somebody who changes either tree meanwhile cannot lead the copy anywhere else; what
 * is there already stays, and what vanishes meanwhile is left out. The directory itself gets owner, mode, attributes
 * and times of its source. Synchronous: for large trees in a worker thread.
 */
export function copyTree(source: number, target: number): CopyFigures {
  const copier = new TreeCopier(target);
  copier.directory(source, target, Buffer.alloc(0));
  return copier.figures;
}

/** Whether a tree has at most so many entries and bytes: what may be copied without a thread of its own. */
export function isSmallTree(directory: number, most: { entries: number; bytes: number }): boolean {
  const left = { ...most };
  const fits = (fd: number): boolean => {
    for (const name of namesIn(fd)) {
      if (--left.entries < 0) return false;
      const path = below(fd, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isFile()) left.bytes -= stat.size;
      if (left.bytes < 0) return false;
      if (!stat?.isDirectory()) continue;
      try {
        if (!withOpen(path, OPEN_DIRECTORY, fits)) return false;
      } catch (error) {
        if (!isGoneOrThere(error)) throw error;
      }
    }
    return true;
  };
  return fits(directory);
}

/** Its place below the root, and what it is: another file may be there by now. */
interface FirstCopy {
  place: Buffer;
  identity: string;
}

class TreeCopier {
  readonly figures: CopyFigures = { entries: 0, shared: 0, copied: 0, bytes: 0 };
  readonly #root: number;
  /** The first copy of each file that has several names, by what the source is. */
  readonly #links = new Map<string, FirstCopy>();
  #reflink = true;
  #depth = 0;

  constructor(root: number) {
    this.#root = root;
  }

  /** `place` is where the target lies below the root. */
  directory(source: number, target: number, place: Buffer): void {
    if (++this.#depth > MAX_DEPTH) throw new Error(`more than ${MAX_DEPTH} directories inside each other`);
    for (const name of namesIn(source)) {
      try {
        this.#entry(below(source, name), below(target, name), place.length > 0 ? join(place, name) : name);
      } catch (error) {
        if (!isGoneOrThere(error)) throw error;
      }
    }
    finish(source, target);
    this.#depth--;
  }

  #entry(from: Buffer, to: Buffer, place: Buffer): void {
    const stat = lstatSync(from);
    if (stat.isDirectory()) {
      withOpen(from, OPEN_DIRECTORY, (source) => {
        mkdirSync(to, { mode: 0o700 });
        withOpen(to, OPEN_DIRECTORY, (target) => this.directory(source, target, place));
      });
    } else if (stat.isFile()) this.#file(from, to, place);
    else copySpecial(from, to, stat);
    this.figures.entries++;
  }

  #file(from: Buffer, to: Buffer, place: Buffer): void {
    const source = openRegular(from);
    if (source === undefined) return; // exchanged meanwhile
    try {
      const several = fstatSync(source).nlink > 1;
      const key = identityOf(source);
      const first = several ? this.#links.get(key) : undefined;
      if (first && this.#link(first, to)) return;
      withOpen(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, (target) => {
        this.#content(source, target);
        finish(source, target);
        if (several) this.#links.set(key, { place, identity: identityOf(target) });
      });
    } finally {
      closeForeign(source);
    }
  }

  /**
   * Gives the first copy a further name. False when it is not to be found where it was made, or can have no more names:
   * others may have exchanged any directory on the way for a link to somewhere else.
   */
  #link(first: FirstCopy, to: Buffer): boolean {
    let found: number | undefined;
    try {
      found = openPlaceBeneathFd(this.#root, first.place);
      if (identityOf(found) !== first.identity) return false;
      linkOpenFile(found, to);
      return true;
    } catch (error) {
      if (error instanceof SyscallError) return false;
      throw error;
    } finally {
      if (found !== undefined) closeForeign(found);
    }
  }

  #content(source: number, target: number): void {
    const { size } = fstatSync(source);
    if (size === 0) return;
    if (this.#reflink && ioctlC(target, FICLONE, source) === 0) {
      this.figures.shared++;
      return;
    }
    this.#reflink = false; // one file system for all of them, with rare exceptions
    this.figures.copied++;
    this.figures.bytes += copyData(source, target, size);
    ftruncateSync(target, size);
  }
}

/** Device and inode. */
function identityOf(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}

/** Copies what is no hole; the number of bytes. */
function copyData(source: number, target: number, size: number): number {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size));
  let sum = 0;
  for (let at = seek(source, 0, SEEK_DATA); at !== undefined && at < size; ) {
    const end = Math.min(seek(source, at, SEEK_HOLE) ?? size, size);
    for (let place = at; place < end; ) {
      const read = readSync(source, buffer, 0, Math.min(buffer.length, end - place), place);
      if (read === 0) return sum; // became shorter meanwhile
      for (let done = 0; done < read; ) done += writeSync(target, buffer, done, read - done, place + done);
      place += read;
      sum += read;
    }
    at = seek(source, end, SEEK_DATA);
  }
  return sum;
}

/** lseek(2); undefined where there is no more data. */
function seek(fd: number, offset: number, whence: number): number | undefined {
  const found = Number(lseekC(fd, offset, whence));
  return found < 0 ? undefined : found;
}

function copySpecial(from: Buffer, to: Buffer, stat: Stats): void {
  if (stat.isSocket()) return; // nobody listens at a copy
  if (stat.isSymbolicLink()) symlinkSync(readlinkSync(from, 'buffer'), to);
  else mknod(to, stat.mode, major(stat.rdev), minor(stat.rdev));
  copyAttributes(from, to);
  lchownSync(to, stat.uid, stat.gid);
  setTimes(to, lstatSync(from, { bigint: true }).mtimeNs);
}

/** Owner first: changing it takes set-uid bits and capabilities away. */
function finish(source: number, target: number): void {
  const stat = fstatSync(source, { bigint: true });
  fchownSync(target, Number(stat.uid), Number(stat.gid));
  fchmodSync(target, Number(stat.mode & 0o7777n));
  copyAttributes(source, target);
  setTimes(target, stat.mtimeNs);
}

function copyAttributes(from: Buffer | number, to: Buffer | number): void {
  for (const name of listXattrs(from)) {
    if (name.startsWith('trusted.overlay.')) continue; // of the layer, not of the file
    const value = getXattr(from, name);
    try {
      if (value !== undefined) setXattr(to, name, value);
    } catch (error) {
      if (!hasCode(error, ['EOPNOTSUPP', 'ENOTSUP', 'EPERM'])) throw error; // the file system has none of this kind
    }
  }
}

/** What others removed, made or exchanged while it was copied. */
function isGoneOrThere(error: unknown): boolean {
  // EINVAL: what was a link is none any more; ENXIO: what was a file is a socket.
  return hasCode(error, ['ENOENT', 'EEXIST', 'ELOOP', 'ENOTDIR', 'EINVAL', 'ENXIO']);
}

function hasCode(error: unknown, codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function namesIn(fd: number): Buffer[] {
  return readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' });
}

function below(fd: number, name: Buffer): Buffer {
  return join(Buffer.from(`/proc/self/fd/${fd}`), name);
}

function join(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}

function withOpen<T>(path: Buffer, flags: number, use: (fd: number) => T): T {
  const fd = openSync(path, flags, 0o600);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Device numbers as stat(2) gives them: 12 bits of major between 8 and 12 bits of minor. */
function major(device: number): number {
  return Number((BigInt(device) >> 8n) & 0xfffn);
}

function minor(device: number): number {
  return Number((BigInt(device) & 0xffn) | ((BigInt(device) >> 12n) & 0xfff00n));
}
