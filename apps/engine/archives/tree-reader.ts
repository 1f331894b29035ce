import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { encodeTarHeader, TAR_END, type TarEntryInit, type TarType, tarPadding } from '@berth/oci';
import { changeDirectory } from '../linux/chroot.ts';
import { closeForeign } from '../linux/close.ts';
import { splitDevice } from '../linux/file.ts';
import { openRegular } from '../linux/open-regular.ts';
import { getXattr, listXattrs } from '../linux/xattr.ts';
import { ChunkedOutput } from './chunked-output.ts';
import { fromHost, type OwnerMap } from './owners.ts';

export interface TreeReaderOptions {
  /** A single name in the thread's working directory, or undefined: the directory itself with all that is in it. */
  only: Buffer | undefined;
  /** Name of that entry in the archive, without a slash at the end; '' leaves a directory's own entry out. */
  as: Buffer;
  /** Owners are those of a user namespace. */
  owners?: OwnerMap | undefined;
  /** Leaves out parts of seconds, so that most headers are one block, as with Docker. */
  wholeSeconds?: boolean;
  /** Reads an upper directory of overlayfs as a layer: whiteouts and opaque directories become what layer archives have. */
  layer?: boolean;
  /** Nobody changes anything in it any more: what was looked at is what is opened. */
  still?: boolean;
  /** With `still`: the content of a file that has no extended attributes, by its name in the archive (latin1), if known. */
  known?: (name: string) => Uint8Array | undefined;
  /** Leaves out an entry by its name in the archive (bytes as latin1 characters), and all below it. */
  skips?: (name: string) => boolean;
  /**
   * Memory for names of files that have several, in bytes. What is beyond it is no link of the first in the archive but a
   * file of its own with the same content.
   */
  linksMax?: number;
}

type Stats = ReturnType<typeof statOf>;

const CONTENT = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const ENTER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Each open directory on the way down is a descriptor. */
const DEPTH_MAX = 4000;
const LINKS_MAX = 64 * 1024 * 1024;
/** Of a name in memory, beside its bytes. */
const LINK_COST = 256;
const SLASH = Buffer.from('/');
const OPAQUE = 'trusted.overlay.opaque';
/** An upper directory with these does not hold its own content. */
const ELSEWHERE = ['trusted.overlay.redirect', 'trusted.overlay.metacopy'];

/**
 * The files below the calling thread's working directory as an archive, in pieces of at most 256 KiB. The thread has a
 * working directory of its own (linux/chroot.ts). Each step down is one name below an open directory, so that nothing
 * that is renamed or linked meanwhile leads anywhere else. Files that vanish meanwhile are left out, those that shrink are
 * filled up with zeros. Sockets have no place in archives. Synchronous calls only.
 */
export class TreeReader {
  readonly #options: TreeReaderOptions;
  readonly #out = new ChunkedOutput();
  /** First names of files that have several. */
  readonly #seen = new Map<string, { name: Buffer; left: bigint }>();
  #seenBytes = 0;
  #depth = 0;
  /** Bytes of all files' contents so far. */
  contentSize = 0;

  constructor(options: TreeReaderOptions) {
    this.#options = options;
  }

  *read(): Generator<Uint8Array<ArrayBuffer>, void> {
    const { only, as } = this.#options;
    if (only !== undefined) yield* this.#entry(only, as);
    else {
      const stat = statOf('.')!;
      if (as.length > 0)
        yield* this.#out.add(encodeTarHeader(this.#describe('.', stat, 'directory', directoryName(as))));
      yield* this.#children(as);
    }
    yield* this.#out.add(TAR_END);
    yield* this.#out.rest();
  }

  *#children(as: Buffer): Generator<Uint8Array<ArrayBuffer>, void> {
    if (this.#options.layer) yield* this.#opaqueMark(as);
    const names = readdirSync('.', { encoding: 'buffer' }).sort(Buffer.compare);
    const prefix = as.length === 0 || as.at(-1) === 0x2f ? as : Buffer.concat([as, SLASH]);
    for (const name of names) yield* this.#entry(name, Buffer.concat([prefix, name]));
  }

  *#entry(name: Buffer, as: Buffer): Generator<Uint8Array<ArrayBuffer>, void> {
    if (this.#options.skips?.(as.toString('latin1'))) return;
    const stat = statOf(name);
    if (stat === undefined) return;
    if (stat.isDirectory()) yield* this.#directory(name, as);
    else if (stat.isFile()) yield* this.#file(name, as, stat);
    else {
      const type = typeOf(stat);
      if (type === undefined) return;
      if (this.#options.layer && type === 'char' && stat.rdev === 0n) yield* this.#whiteout(as);
      else {
        const header = this.#again(stat, as) ?? this.#special(name, stat, type, as);
        if (header !== undefined) yield* this.#out.add(header);
      }
    }
  }

  *#directory(name: Buffer, as: Buffer): Generator<Uint8Array<ArrayBuffer>, void> {
    const fd = ifThere(() => openSync(name, ENTER));
    if (fd === undefined) return;
    try {
      if (++this.#depth > DEPTH_MAX)
        throw new BerthError('invalid', `directories are nested more than ${DEPTH_MAX} deep`);
      const back = openSync('.', constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        changeDirectory(fd);
        const stat = fstatSync(fd, { bigint: true });
        yield* this.#out.add(encodeTarHeader(this.#describe('.', stat, 'directory', directoryName(as))));
        yield* this.#children(as);
      } finally {
        changeDirectory(back);
        closeSync(back);
        this.#depth--;
      }
    } finally {
      closeSync(fd);
    }
  }

  *#file(name: Buffer, as: Buffer, seen: Stats & object): Generator<Uint8Array<ArrayBuffer>, void> {
    const { still = false, known } = this.#options;
    const content = still ? known?.(as.toString('latin1')) : undefined;
    if (content?.length === Number(seen.size)) {
      yield* this.#knownFile(as, seen, content);
      return;
    }
    const fd = still ? openSync(name, CONTENT) : ifThere(() => openRegular(name));
    if (fd === undefined) return;
    try {
      const stat = still ? seen : fstatSync(fd, { bigint: true });
      const again = this.#again(stat, as);
      if (again) {
        yield* this.#out.add(again);
        return;
      }
      const size = Number(stat.size);
      this.contentSize += size;
      yield* this.#out.add(encodeTarHeader({ ...this.#describe(fd, stat, 'file', as), size }));
      yield* this.#content(fd, size);
      yield* this.#out.add(tarPadding(size));
    } finally {
      if (still) closeSync(fd);
      else closeForeign(fd);
    }
  }

  *#knownFile(as: Buffer, stat: Stats & object, content: Uint8Array): Generator<Uint8Array<ArrayBuffer>, void> {
    const again = this.#again(stat, as);
    if (again) {
      yield* this.#out.add(again);
      return;
    }
    const size = content.length;
    this.contentSize += size;
    yield* this.#out.add(encodeTarHeader({ ...this.#attributes(stat, 'file', as), size }));
    yield* this.#out.add(content);
    yield* this.#out.add(tarPadding(size));
  }

  *#content(fd: number, size: number): Generator<Uint8Array<ArrayBuffer>, void> {
    for (let left = size; left > 0; ) {
      const room = this.#out.room(left);
      const count = readSync(fd, room, 0, room.length, null);
      // Shorter than it was.
      if (count === 0) room.fill(0);
      const taken = count === 0 ? room.length : count;
      left -= taken;
      yield* this.#out.fill(taken);
    }
  }

  /** The entry of a further name of a file that is in the archive already. */
  #again(stat: Stats & object, as: Buffer): Buffer | undefined {
    if (stat.nlink < 2n) return undefined;
    const key = `${stat.dev}:${stat.ino}`;
    const known = this.#seen.get(key);
    if (known === undefined) {
      this.#seenBytes += as.length + LINK_COST;
      if (this.#seenBytes <= (this.#options.linksMax ?? LINKS_MAX))
        this.#seen.set(key, { name: as, left: stat.nlink - 1n });
      else this.#seenBytes -= as.length + LINK_COST;
      return undefined;
    }
    const first = known.name;
    if (--known.left === 0n) {
      this.#seen.delete(key);
      this.#seenBytes -= first.length + LINK_COST;
    }
    const { mode, uid, gid } = stat;
    return encodeTarHeader({
      name: as,
      type: 'hardlink',
      linkName: first,
      mode: Number(mode & 0o7777n),
      ...fromHost(this.#options.owners, { uid: Number(uid), gid: Number(gid) }),
      mtime: this.#time(stat),
    });
  }

  #time({ mtimeNs }: Stats & object): bigint {
    return this.#options.wholeSeconds ? mtimeNs - (mtimeNs % 1_000_000_000n) : mtimeNs;
  }

  /** Undefined for what went away, or became something else, since it was looked at. */
  #special(name: Buffer, stat: Stats & object, type: TarType, as: Buffer): Buffer | undefined {
    try {
      return encodeTarHeader(this.#describe(name, stat, type, as));
    } catch (error) {
      if (['ENOENT', 'EINVAL', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  #describe(file: number | string | Buffer, stat: Stats & object, type: TarType, as: Buffer): TarEntryInit {
    const linkName = type === 'symlink' && typeof file !== 'number' ? readlinkSync(file, { encoding: 'buffer' }) : '';
    return { ...this.#attributes(stat, type, as), linkName, xattrs: this.#xattrs(file) };
  }

  /** What can be told without looking once more. */
  #attributes(stat: Stats & object, type: TarType, as: Buffer): TarEntryInit {
    const { major, minor } = type === 'char' || type === 'block' ? splitDevice(stat.rdev) : { major: 0, minor: 0 };
    return {
      name: as,
      type,
      mode: Number(stat.mode & 0o7777n),
      ...fromHost(this.#options.owners, { uid: Number(stat.uid), gid: Number(stat.gid) }),
      mtime: this.#time(stat),
      deviceMajor: major,
      deviceMinor: minor,
    };
  }

  #xattrs(file: number | string | Buffer): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const key of listXattrs(file)) {
      if (this.#options.layer && ELSEWHERE.includes(key)) {
        throw new BerthError(
          'not-supported',
          `the layer holds references to other layers (${key}), as overlayfs makes them`,
          {
            hint: 'Turn off redirect_dir and metacopy of the overlay module.',
          },
        );
      }
      // Orders to overlayfs, and labels of this host.
      if (key.startsWith('trusted.overlay.') || key.startsWith('user.overlay.') || key === 'security.selinux') continue;
      const value = getXattr(file, key);
      if (value !== undefined) found.set(key, value);
    }
    return found;
  }

  *#whiteout(as: Buffer): Generator<Uint8Array<ArrayBuffer>, void> {
    const at = as.lastIndexOf(0x2f) + 1;
    const name = Buffer.concat([as.subarray(0, at), Buffer.from('.wh.'), as.subarray(at)]);
    yield* this.#out.add(encodeTarHeader({ name, type: 'file', size: 0 }));
  }

  *#opaqueMark(as: Buffer): Generator<Uint8Array<ArrayBuffer>, void> {
    const value = getXattr('.', OPAQUE);
    // `x` says only that the directory may hold whiteouts of another form, which this engine does not make.
    if (value?.toString('latin1') !== 'y') return;
    const name = Buffer.concat([directoryName(as), Buffer.from('.wh..wh..opq')]);
    yield* this.#out.add(encodeTarHeader({ name, type: 'file', size: 0 }));
  }
}

function directoryName(as: Buffer): Buffer {
  return as.length === 0 || as.at(-1) === 0x2f ? as : Buffer.concat([as, SLASH]);
}

function statOf(name: string | Buffer) {
  return lstatSync(name, { bigint: true, throwIfNoEntry: false });
}

/** Undefined for what went away, or became something else, since it was looked at. */
function ifThere(open: () => number | undefined): number | undefined {
  try {
    return open();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ENODEV'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function typeOf(stat: Stats & object): TarType | undefined {
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : undefined;
}
