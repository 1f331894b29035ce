import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import type { TarEntry, TarEvent } from '@berth/oci';
import { mknod, S_IF, setModeOfItself, setTimes } from '../linux/file.ts';
import { setXattr } from '../linux/xattr.ts';
import { cleanPath } from './entry-path.ts';
import { describeArchiveError, invalidArchive } from './errors.ts';
import { type Owner, type OwnerMap, toHost } from './owners.ts';

/** Bounds of one archive, so that a small one cannot fill memory or disk. */
export interface TreeLimits {
  /** Uncompressed archive, and sum of file sizes with holes. */
  maxBytes: number;
  maxEntries: number;
}

export interface TreeWriterOptions {
  limits: TreeLimits;
  /** What errors call the archive: `layer archive`. */
  subject: string;
  /** Where everything goes: the thread's root, or its working directory. */
  base: '/' | './';
  /** Owner of everything, in place of what the archive says. */
  owner?: Owner | undefined;
  /** Owners are those of a user namespace. */
  owners?: OwnerMap | undefined;
  /** Refuses to put a file in the place of a directory and the reverse; the directory's path, for the error's words. */
  keepKinds?: string | undefined;
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const THIS_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Memory for directory times that wait for the end. */
const DEFERRED_MAX = 256 * 1024 * 1024;
const ROOT: Owner = { uid: 0, gid: 0 };
const ZEROS = Buffer.alloc(256 * 1024);

/**
 * Writes the events of an archive as files. The calling thread has the tree as its root (linux/chroot.ts,
 * linux/thread-mounts.ts), so that no name, link or `..` leads anywhere else. Attributes are set on descriptors or on the
 * file itself, never through a link in its place. Synchronous calls only. Errors: invalid for what archives are to blame for.
 */
export class TreeWriter {
  protected readonly options: TreeWriterOptions;
  protected entries = 0;
  /** Sum of the sizes of regular files in bytes. */
  protected size = 0;
  /** Extended attributes that this file system does not take. */
  protected skippedXattrs = 0;
  /** Directory times are set last: every new file in a directory changes them. */
  readonly #times = new Map<string, bigint>();
  #deferred = 0;
  #file: { fd: number; entry: TarEntry; end: number } | undefined;

  constructor(options: TreeWriterOptions) {
    this.options = options;
  }

  take(event: TarEvent): void {
    try {
      if (event.kind === 'entry') this.#begin(event.entry);
      else if (this.#file === undefined) return;
      else if (event.kind === 'data') this.#write(this.#file, event.data, event.position);
      else this.#endFile(this.#file);
    } catch (error) {
      const name = event.kind === 'entry' ? event.entry.name : undefined;
      throw describeArchiveError(this.options.subject, error, name);
    }
  }

  /** Sets what had to wait. */
  finish(): void {
    for (const [name, mtime] of this.#times) {
      const path = Buffer.from(name, 'latin1');
      // Something else may have come in its place.
      if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) setTimes(path, mtime);
    }
  }

  /** Closes what an error left open. */
  abort(): void {
    if (this.#file) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  protected invalid(what: string): BerthError {
    return invalidArchive(this.options.subject, what);
  }

  /** The path of parts below the base, as bytes. */
  protected pathOf(parts: string[]): Buffer {
    return Buffer.from(this.options.base + parts.join('/'), 'latin1');
  }

  #begin(entry: TarEntry): void {
    const { maxBytes, maxEntries } = this.options.limits;
    if (++this.entries > maxEntries) throw this.invalid(`it has more than ${maxEntries} entries`);
    this.size += entry.size;
    if (this.size > maxBytes) throw this.invalid(`its files have more than ${maxBytes} bytes`);
    this.place(entry, cleanPath(entry.name, this.options.subject));
  }

  /** What becomes of an entry. The directory that everything goes into stays as it is. */
  protected place(entry: TarEntry, parts: string[]): void {
    if (parts.length > 0) this.create(entry, parts);
  }

  protected create(entry: TarEntry, parts: string[]): void {
    const path = this.pathOf(parts);
    // What cannot have its owner is not made.
    this.#ownerOf(entry);
    for (let attempt = 0; ; attempt++) {
      try {
        this.#node(entry, path);
        break;
      } catch (error) {
        const errno = errnoOf(error);
        if (attempt > 1) throw error;
        if (errno === 'EEXIST') {
          if (!this.makeWay(entry, path)) break;
        } else if ((errno === 'ENOENT' || errno === 'ENOTDIR') && parts.length > 1) {
          this.parents(parts.slice(0, -1));
        } else throw error;
      }
    }
    // A hard link shares its target's attributes, which came with the target's own entry.
    if (this.#file === undefined && entry.type !== 'hardlink') this.attributes(path, entry);
  }

  /** Makes the bare file. Errors: EEXIST, ENOENT, …, as the system says them. */
  #node(entry: TarEntry, path: Buffer): void {
    const { type, linkName, mode, deviceMajor, deviceMinor } = entry;
    if (type === 'file') this.#file = { fd: openSync(path, NEW_FILE, 0o600), entry, end: 0 };
    else if (type === 'directory') mkdirSync(path, 0o700);
    else if (type === 'symlink') {
      if (linkName.length === 0) throw this.invalid('a symbolic link has no target');
      symlinkSync(linkName, path);
    } else if (type === 'hardlink') {
      const target = this.pathOf(cleanPath(linkName, this.options.subject));
      if (lstatSync(target, { throwIfNoEntry: false }) === undefined) throw this.invalid('a hard link has no target');
      if (!target.equals(path)) linkSync(target, path);
    } else if (type === 'fifo') mknod(path, S_IF.FIFO | mode, 0, 0);
    else mknod(path, (type === 'char' ? S_IF.CHR : S_IF.BLK) | mode, deviceMajor, deviceMinor);
  }

  /** Clears the place for an entry; false when a directory is there already that the entry only describes anew. */
  protected makeWay(entry: TarEntry, path: Buffer): boolean {
    const there = lstatSync(path);
    const isDirectory = there.isDirectory();
    if (entry.type === 'directory' && isDirectory) return false;
    if (isDirectory || entry.type === 'directory') this.#refuseOtherKind(path, isDirectory);
    if (isDirectory) rmSync(path, { recursive: true });
    else unlinkSync(path);
    return this.madeWay(entry, path, there);
  }

  /** What else is due when something had to go; false when the entry's own file was made. */
  protected madeWay(_entry: TarEntry, _path: Buffer, _gone: Stats): boolean {
    return true;
  }

  #refuseOtherKind(path: Buffer, isDirectory: boolean): void {
    const { keepKinds } = this.options;
    if (keepKinds === undefined) return;
    const [there, comes] = isDirectory ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
    const full = `${keepKinds.replace(/\/$/, '')}/${path.toString('utf8').replace(/^\.?\//, '')}`;
    throw new BerthError('invalid', `cannot overwrite ${there} "${full}" with ${comes} "${keepKinds}"`);
  }

  /** Directories that the archive did not name: root's, 0755, as Docker makes them. Links are followed: inside the root. */
  protected parents(parts: string[]): void {
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = this.pathOf(parts.slice(0, depth));
      const there = statSync(path, { throwIfNoEntry: false });
      if (there?.isDirectory()) continue;
      if (there !== undefined) this.blockedParent(path, there);
      else this.makeParent(path);
    }
  }

  protected blockedParent(_path: Buffer, _there: Stats): void {
    throw this.invalid('an entry lies below what is no directory');
  }

  protected makeParent(path: Buffer): void {
    mkdirSync(path, 0o700);
    const { uid, gid } = this.#ownerOf(ROOT);
    // Neither the umask nor a setgid parent has a say.
    onDirectory(path, (fd) => {
      fchownSync(fd, uid, gid);
      fchmodSync(fd, 0o755);
    });
  }

  #ownerOf(entry: Owner): Owner {
    return toHost(this.options.owners, this.options.owner ?? entry);
  }

  /** Zeros are left out, so that what was sparse is so again, and what was not costs less. */
  #write(file: { fd: number; end: number }, data: Buffer, position: number): void {
    const isHole = data.length <= ZEROS.length && data.equals(ZEROS.subarray(0, data.length));
    if (isHole) return;
    for (let at = 0; at < data.length; ) at += writeSync(file.fd, data, at, data.length - at, position + at);
    file.end = position + data.length;
  }

  #endFile({ fd, entry, end }: { fd: number; entry: TarEntry; end: number }): void {
    // A sparse file may end in a hole.
    if (end < entry.size) ftruncateSync(fd, entry.size);
    const { uid, gid } = this.#ownerOf(entry);
    fchownSync(fd, uid, gid);
    this.#xattrs(fd, entry);
    fchmodSync(fd, entry.mode);
    setTimes(fd, entry.mtime);
    this.#file = undefined;
    closeSync(fd);
  }

  /** Order matters: chown takes away setuid bits and capabilities. */
  protected attributes(path: Buffer, entry: TarEntry): void {
    const { uid, gid } = this.#ownerOf(entry);
    if (entry.type !== 'directory') {
      lchownSync(path, uid, gid);
      this.#xattrs(path, entry);
      // The mode of a device or pipe is right since it was made, but for bits that go with a change of owner.
      if (entry.type !== 'symlink' && (entry.mode & 0o7000) !== 0) setModeOfItself(path, entry.mode);
      setTimes(path, entry.mtime);
      return;
    }
    onDirectory(path, (fd) => {
      fchownSync(fd, uid, gid);
      this.#xattrs(fd, entry);
      fchmodSync(fd, entry.mode);
    });
    const name = path.toString('latin1');
    if (!this.#times.has(name)) this.#deferred += path.length + 128;
    this.#times.set(name, entry.mtime);
    if (this.#deferred > DEFERRED_MAX) throw this.invalid('it has too many directories');
  }

  #xattrs(target: number | Buffer, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs) {
      // Overlayfs reads these as orders (redirects to other directories): an archive has no say in them.
      if (name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.')) continue;
      try {
        setXattr(target, name, value);
      } catch (error) {
        const errno = errnoOf(error);
        // As Docker: the file system lacks them, or this kind of file cannot have them.
        if (errno !== 'EOPNOTSUPP' && errno !== 'ENOTSUP' && errno !== 'EPERM') throw error;
        this.skippedXattrs++;
      }
    }
  }
}

/** Works on a directory itself: what came in its place meanwhile is refused by the kernel. */
function onDirectory(path: Buffer, work: (fd: number) => void): void {
  const fd = openSync(path, THIS_DIRECTORY);
  try {
    work(fd);
  } finally {
    closeSync(fd);
  }
}
