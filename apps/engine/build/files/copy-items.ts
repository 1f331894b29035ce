import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { mknod, S_IF, setTimes, splitDevice } from '../../linux/file.ts';
import { setXattr } from '../../linux/xattr.ts';
import type { KeptContents } from './kept-contents.ts';
import type { CopyItem } from './protocol.ts';
import { resolvePlace } from './resolve-place.ts';

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Of the engine's own store, or of an image that is mounted without devices. */
const CONTENT = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const THIS_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const CHUNK = 256 * 1024;
const PARENT_MODE = 0o755;

export interface Owner {
  uid: number;
  gid: number;
}

/**
 * Writes files of a copy: the calling thread's root is the image with its new layer, its working directory is where the
 * content of files is opened by name. Nothing that links in the image say leads out of it. Synchronous. Errors: invalid,
 * with BuildKit's words, where a directory and a file are in each other's place.
 */
export class ItemWriter {
  readonly #owner: Owner | undefined;
  /** With `--link` a link of the image gives way to a directory, as when layers are laid over each other. */
  readonly #replacesLinks: boolean;
  readonly #kept: KeptContents | undefined;
  readonly #buffer = Buffer.allocUnsafe(CHUNK);
  /** Directory times are set last: every new file in a directory changes them. */
  readonly #times: { path: Buffer; mtime: bigint }[] = [];
  /** Directories that are known to be there. */
  readonly #made = new Set<string>();
  /** First copies of files that have several names, by what the source is. */
  readonly #links = new Map<string, string>();

  constructor(owner: Owner | undefined, options: { replacesLinks?: boolean; kept?: KeptContents | undefined } = {}) {
    this.#owner = owner;
    this.#replacesLinks = options.replacesLinks ?? false;
    this.#kept = options.kept;
  }

  /** `destination`: absolute, its links resolved. */
  write(destination: string, item: CopyItem): void {
    const place = item.to === '' ? destination : `${destination === '/' ? '' : destination}/${item.to}`;
    if (item.xattrs.size > 0) this.#kept?.close(); // a directory can hand some on to what is in it
    const slash = place.lastIndexOf('/');
    this.parents(place.slice(0, slash));
    if (item.type === 'directory') this.#directory(place, item);
    else this.#other(place, item);
  }

  /** A directory and those above it, as Docker makes them. */
  parents(path: string): void {
    if (path === '' || this.#made.has(path)) return;
    this.parents(path.slice(0, path.lastIndexOf('/')));
    const bytes = Buffer.from(path, 'latin1');
    const there = this.#lookAt(bytes);
    if (there === undefined) this.#make(bytes, this.#owner ?? { uid: 0, gid: 0 }, PARENT_MODE);
    else if (!there.isDirectory()) throw new BerthError('invalid', `cannot copy to non-directory: ${shown(path)}`);
    this.#made.add(path);
  }

  finish(): void {
    for (const { path, mtime } of this.#times.reverse()) setTimes(path, mtime);
  }

  #directory(place: string, item: CopyItem): void {
    if (place === '/') return;
    const bytes = Buffer.from(place, 'latin1');
    const there = this.#lookAt(bytes);
    if (there !== undefined && !there.isDirectory())
      throw new BerthError('invalid', `cannot copy to non-directory: ${shown(place)}`);
    // The destination itself stays as it is where it is there.
    if (there !== undefined && item.to === '') return;
    const owner = this.#ownerOf(item);
    // A destination that is new is made like its parents: only what is in the source is copied, not the source.
    if (item.to === '') this.#make(bytes, this.#owner ?? { uid: 0, gid: 0 }, PARENT_MODE);
    else if (there === undefined) this.#make(bytes, owner, item.mode, item.xattrs);
    else describe(bytes, owner, item.mode, item.xattrs);
    this.#made.add(place);
    this.#times.push({ path: bytes, mtime: item.mtime });
  }

  /** What is in the place of a directory; undefined for nothing, also when it was a link that gave way. */
  #lookAt(path: Buffer): Stats | undefined {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (!this.#replacesLinks || !there?.isSymbolicLink()) return there;
    unlinkSync(path);
    return undefined;
  }

  #make(path: Buffer, owner: Owner, mode: number, xattrs?: CopyItem['xattrs']): void {
    mkdirSync(path, 0o700);
    describe(path, owner, mode, xattrs);
  }

  #other(place: string, item: CopyItem): void {
    const path = Buffer.from(place, 'latin1');
    this.#kept?.forget(place);
    if (item.type === 'file') {
      this.#file(path, place, item);
      return;
    }
    clear(path, place);
    if (item.type === 'symlink') symlinkSync(Buffer.from(item.link, 'latin1'), path);
    else {
      const kind = item.type === 'char' ? S_IF.CHR : item.type === 'block' ? S_IF.BLK : S_IF.FIFO;
      const { major, minor } = splitDevice(item.rdev);
      mknod(path, kind | item.mode, major, minor);
    }
    const { uid, gid } = this.#ownerOf(item);
    lchownSync(path, uid, gid);
    setXattrs(path, item.xattrs);
    setTimes(path, item.mtime);
  }

  #file(path: Buffer, place: string, item: CopyItem): void {
    const source = openSync(Buffer.from(item.from, 'latin1'), CONTENT);
    try {
      const stat = fstatSync(source);
      if (!stat.isFile()) throw new BerthError('internal', `the content of ${shown(place)} is gone`);
      const key = stat.nlink > 1 ? `${stat.dev}:${stat.ino}:${item.mode}` : '';
      const first = key === '' ? undefined : this.#links.get(key);
      if (first !== undefined) {
        clear(path, place);
        linkSync(Buffer.from(first, 'latin1'), path);
        return;
      }
      if (key !== '') this.#links.set(key, place);
      const target = create(path, place, item.mode & 0o777);
      try {
        this.#content(source, target, { size: stat.size, blocks: stat.blocks, place });
        const { uid, gid } = this.#ownerOf(item);
        // The thread's own files are root's and have the mode that was asked for (no umask).
        if (uid !== 0 || gid !== 0) fchownSync(target, uid, gid);
        setXattrs(target, item.xattrs);
        if ((item.mode & 0o7000) !== 0) fchmodSync(target, item.mode);
        setTimes(target, item.mtime);
      } finally {
        closeSync(target);
      }
    } finally {
      closeSync(source);
    }
  }

  #content(
    source: number,
    target: number,
    { size, blocks, place }: Pick<Stats, 'size' | 'blocks'> & { place: string },
  ): void {
    const mayHaveHoles = blocks * 512 < size;
    const room = mayHaveHoles ? undefined : this.#kept?.room(size);
    if (room !== undefined && readSync(source, room, 0, size, 0) === size) {
      for (let done = 0; done < size; ) done += writeSync(target, room, done, size - done, done);
      this.#kept?.keep(place, room);
      return;
    }
    let at = 0;
    while (at < size) {
      const count = readSync(source, this.#buffer, 0, CHUNK, at);
      if (count === 0) break;
      const piece = this.#buffer.subarray(0, count);
      if (!(mayHaveHoles && isZero(piece)))
        for (let done = 0; done < count; ) done += writeSync(target, piece, done, count - done, at + done);
      at += count;
    }
    if (mayHaveHoles) ftruncateSync(target, at);
  }

  #ownerOf(item: CopyItem): Owner {
    return this.#owner ?? item;
  }
}

/** The place of what is copied: with links of the image followed, or as it is written. */
export function placeOf(destination: string, { isLink }: { isLink: boolean }): string {
  return isLink ? destination.replace(/\/+$/, '') || '/' : resolvePlace(destination);
}

export function shown(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

const ZEROS = Buffer.alloc(CHUNK);

function isZero(piece: Buffer): boolean {
  return piece.equals(ZEROS.subarray(0, piece.length));
}

/** Most places are free: only where one is not is it looked at. */
function create(path: Buffer, place: string, mode: number): number {
  try {
    return openSync(path, NEW_FILE, mode);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    clear(path, place);
    return openSync(path, NEW_FILE, mode);
  }
}

function clear(path: Buffer, place: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory()) throw new BerthError('invalid', `cannot replace to directory ${shown(place)} with file`);
  unlinkSync(path);
}

/** Order matters: chown takes away setuid bits and capabilities. */
function describe(path: Buffer, { uid, gid }: Owner, mode: number, xattrs?: CopyItem['xattrs']): void {
  const fd = openSync(path, THIS_DIRECTORY);
  try {
    fchownSync(fd, uid, gid);
    if (xattrs) setXattrs(fd, xattrs);
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}

function setXattrs(target: number | Buffer, xattrs: CopyItem['xattrs']): void {
  for (const [name, value] of xattrs) {
    if (name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.')) continue;
    try {
      setXattr(target, name, Buffer.from(value));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code !== 'EOPNOTSUPP' && code !== 'ENOTSUP' && code !== 'EPERM') throw error;
    }
  }
}
