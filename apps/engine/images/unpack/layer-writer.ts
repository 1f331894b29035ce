import {
  chmodSync,
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
import { errnoOf } from '@berth/kit';
import type { TarEntry, TarEvent } from '@berth/oci';
import { mknod, S_IF, setTimes } from '../../linux/file.ts';
import { setXattr } from '../../linux/xattr.ts';
import { describeLayerError, invalidLayer } from './errors.ts';
import { cleanPath, toPath } from './layer-path.ts';

/** Bounds of one layer, so that a small archive cannot fill memory or disk. */
export interface LayerLimits {
  /** Uncompressed archive, and sum of file sizes with holes. */
  maxBytes: number;
  maxEntries: number;
}

/** What became of a layer. */
export interface WrittenLayer {
  /** Sum of the sizes of regular files in bytes. */
  size: number;
  entries: number;
  /** The layer hides everything below it (`.wh..wh..opq` in the root); overlayfs cannot say so of a root. */
  opaqueRoot: boolean;
  /** Extended attributes that this file system does not take. */
  skippedXattrs: number;
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Book-keeping of aufs, which has no meaning to others. */
const AUFS = '.wh..wh.';
const OVERLAY_OPAQUE = 'trusted.overlay.opaque';
/** Memory for directory times that wait for the end. */
const DEFERRED_MAX = 256 * 1024 * 1024;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Writes the events of a layer archive as files below `/`, which must be the layer's own directory: the calling thread
 * has it as its root (linux/chroot.ts), so that no name, link or `..` leads anywhere else. Synchronous calls only.
 * Whiteouts become what overlayfs understands. Errors: invalid for archives that Docker refuses too.
 */
export class LayerWriter {
  readonly #limits: LayerLimits;
  #entries = 0;
  #size = 0;
  #opaqueRoot = false;
  #skippedXattrs = 0;
  /** Directory times are set last: every new file in a directory changes them. */
  #times: { path: Buffer; mtime: bigint }[] = [];
  #deferred = 0;
  #file: { fd: number; path: Buffer; entry: TarEntry; end: number } | undefined;

  constructor(limits: LayerLimits) {
    this.#limits = limits;
  }

  take(event: TarEvent): void {
    try {
      if (event.kind === 'entry') this.#begin(event.entry);
      else if (this.#file === undefined) return;
      else if (event.kind === 'data') this.#write(this.#file, event.data, event.position);
      else this.#endFile(this.#file);
    } catch (error) {
      throw describeLayerError(error, event.kind === 'entry' ? event.entry.name : undefined);
    }
  }

  /** Sets what had to wait. */
  finish(): WrittenLayer {
    for (const { path, mtime } of this.#times) {
      // Something else may have come in its place.
      if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) setTimes(path, mtime);
    }
    return {
      size: this.#size,
      entries: this.#entries,
      opaqueRoot: this.#opaqueRoot,
      skippedXattrs: this.#skippedXattrs,
    };
  }

  /** Closes what an error left open. */
  abort(): void {
    if (this.#file) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #begin(entry: TarEntry): void {
    if (++this.#entries > this.#limits.maxEntries) {
      throw invalidLayer(`it has more than ${this.#limits.maxEntries} entries`);
    }
    this.#size += entry.size;
    if (this.#size > this.#limits.maxBytes)
      throw invalidLayer(`its files have more than ${this.#limits.maxBytes} bytes`);
    const parts = cleanPath(entry.name);
    const base = parts.at(-1);
    if (base === undefined) this.#root(entry);
    else if (base === OPAQUE) this.#opaque(parts.slice(0, -1));
    else if (parts.some((part) => part.startsWith(AUFS))) return;
    else if (base.startsWith(WHITEOUT)) this.#whiteout(parts.slice(0, -1), base.slice(WHITEOUT.length));
    else if (parts.some((part) => part.startsWith(WHITEOUT))) throw invalidLayer('a whiteout is used as a directory');
    else this.#create(entry, parts);
  }

  #root(entry: TarEntry): void {
    if (entry.type !== 'directory') throw invalidLayer('its root is not a directory');
    this.#attributes(toPath([]), entry);
  }

  #create(entry: TarEntry, parts: string[]): void {
    const path = toPath(parts);
    for (let attempt = 0; ; attempt++) {
      try {
        this.#node(entry, path);
        break;
      } catch (error) {
        const errno = errnoOf(error);
        if (attempt > 1) throw error;
        if (errno === 'EEXIST') {
          if (!this.#makeWay(entry, path)) break;
        } else if ((errno === 'ENOENT' || errno === 'ENOTDIR') && parts.length > 1) {
          this.#parents(parts.slice(0, -1));
        } else throw error;
      }
    }
    // A hard link shares its target's attributes, which came with the target's own entry.
    if (this.#file === undefined && entry.type !== 'hardlink') this.#attributes(path, entry);
  }

  /** Makes the bare file. Errors: EEXIST, ENOENT, …, as the system says them. */
  #node(entry: TarEntry, path: Buffer): void {
    const { type, linkName, deviceMajor, deviceMinor } = entry;
    if (type === 'file') this.#file = { fd: openSync(path, CREATE, 0o600), path, entry, end: 0 };
    else if (type === 'directory') mkdirSync(path, 0o700);
    else if (type === 'symlink') {
      if (linkName.length === 0) throw invalidLayer('a symbolic link has no target');
      symlinkSync(linkName, path);
    } else if (type === 'hardlink') {
      const target = toPath(cleanPath(linkName));
      if (lstatSync(target, { throwIfNoEntry: false }) === undefined) throw invalidLayer('a hard link has no target');
      if (!target.equals(path)) linkSync(target, path);
    } else if (type === 'fifo') mknod(path, S_IF.FIFO | 0o600, 0, 0);
    else mknod(path, (type === 'char' ? S_IF.CHR : S_IF.BLK) | 0o600, deviceMajor, deviceMinor);
  }

  /** Clears the place for an entry; false when a directory is there already that the entry only describes anew. */
  #makeWay(entry: TarEntry, path: Buffer): boolean {
    const there = lstatSync(path);
    if (entry.type === 'directory' && there.isDirectory()) return false;
    if (there.isDirectory()) rmSync(path, { recursive: true });
    else unlinkSync(path);
    // A whiteout and then a directory of that name: the new directory hides the old one's content.
    if (entry.type === 'directory' && isWhiteout(there)) {
      mkdirSync(path, 0o700);
      setXattr(path, OVERLAY_OPAQUE, Buffer.from('y'));
      return false;
    }
    return true;
  }

  /** Directories that the archive did not name: root's, 0755, as Docker makes them. Links are followed: inside the root. */
  #parents(parts: string[]): void {
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = toPath(parts.slice(0, depth));
      const there = statSync(path, { throwIfNoEntry: false });
      if (there?.isDirectory()) continue;
      if (there === undefined) this.#parent(path);
      else if (isWhiteout(there) && lstatSync(path).isCharacterDevice()) {
        unlinkSync(path);
        this.#parent(path);
        setXattr(path, OVERLAY_OPAQUE, Buffer.from('y'));
      } else throw invalidLayer('an entry lies below what is no directory');
    }
  }

  #parent(path: Buffer): void {
    mkdirSync(path, 0o755);
    // Neither the umask nor a setgid parent has a say.
    lchownSync(path, 0, 0);
    chmodSync(path, 0o755);
  }

  #opaque(parts: string[]): void {
    this.#parents(parts);
    if (parts.length === 0) this.#opaqueRoot = true;
    setXattr(toPath(parts), OVERLAY_OPAQUE, Buffer.from('y'));
  }

  /** Whiteouts speak of lower layers only: what this layer has itself stays. */
  #whiteout(parts: string[], name: string): void {
    if (name === '' || name === '.' || name === '..') throw invalidLayer('a whiteout has no name');
    this.#parents(parts);
    const path = toPath([...parts, name]);
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined) mknod(path, S_IF.CHR, 0, 0);
    else if (there.isDirectory()) setXattr(path, OVERLAY_OPAQUE, Buffer.from('y'));
  }

  #write(file: { fd: number; end: number }, data: Buffer, position: number): void {
    for (let at = 0; at < data.length; ) at += writeSync(file.fd, data, at, data.length - at, position + at);
    file.end = position + data.length;
  }

  #endFile({ fd, path, entry, end }: { fd: number; path: Buffer; entry: TarEntry; end: number }): void {
    // A sparse file may end in a hole.
    if (end < entry.size) ftruncateSync(fd, entry.size);
    fchownSync(fd, entry.uid, entry.gid);
    this.#xattrs(path, entry);
    fchmodSync(fd, entry.mode);
    setTimes(fd, entry.mtime);
    this.#file = undefined;
    closeSync(fd);
  }

  /** Order matters: chown takes away setuid bits and capabilities. */
  #attributes(path: Buffer, entry: TarEntry): void {
    lchownSync(path, entry.uid, entry.gid);
    this.#xattrs(path, entry);
    if (entry.type !== 'symlink') chmodSync(path, entry.mode);
    if (entry.type !== 'directory') {
      setTimes(path, entry.mtime);
      return;
    }
    this.#times.push({ path, mtime: entry.mtime });
    this.#deferred += path.length + 128;
    if (this.#deferred > DEFERRED_MAX) throw invalidLayer('it has too many directories');
  }

  #xattrs(path: Buffer, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs) {
      // Overlayfs reads these as orders (redirects to other directories): an image has no say in them.
      if (name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.')) continue;
      try {
        setXattr(path, name, value);
      } catch (error) {
        const errno = errnoOf(error);
        // As Docker: the file system lacks them, or this kind of file cannot have them.
        if (errno !== 'EOPNOTSUPP' && errno !== 'ENOTSUP' && errno !== 'EPERM') throw error;
        this.#skippedXattrs++;
      }
    }
  }
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}
