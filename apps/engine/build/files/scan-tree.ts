import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { changeDirectory } from '../../linux/chroot.ts';
import { closeForeign } from '../../linux/close.ts';
import { openRegular } from '../../linux/open-regular.ts';
import { getXattr, listXattrs } from '../../linux/xattr.ts';
import type { TreeEntry } from './protocol.ts';
import { resolvePlace } from './resolve-place.ts';

const ENTER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const ENTRIES_MAX = 2_000_000;
const DEPTH_MAX = 1000;
const CHUNK = 256 * 1024;

/**
 * What is at and below a path of the calling thread's root, with digests of contents: parents before what is in them.
 * The first entry has the resolved path; none when there is nothing. A directory itself is the first entry but for the root.
 */
export function scanTree(path: string, { followLast, deep }: { followLast: boolean; deep: boolean }): TreeEntry[] {
  const scan = new Scan(deep);
  const place = followLast ? resolvePlace(path) : resolveParent(path);
  scan.begin(place);
  return scan.entries;
}

function resolveParent(path: string): string {
  const clean = path.replace(/\/+$/, '');
  const slash = clean.lastIndexOf('/');
  if (slash < 0 || clean === '') return '/';
  const parent = resolvePlace(clean.slice(0, slash));
  return `${parent === '/' ? '' : parent}/${clean.slice(slash + 1)}`;
}

class Scan {
  readonly entries: TreeEntry[] = [];
  readonly #buffer = Buffer.allocUnsafe(CHUNK);
  readonly #deep: boolean;
  #depth = 0;

  constructor(deep: boolean) {
    this.#deep = deep;
  }

  begin(place: string): void {
    const bytes = Buffer.from(place, 'latin1');
    const stat = statIfThere(bytes);
    if (stat === undefined) return;
    if (place === '/') {
      if (this.#deep) this.#inside(bytes, '');
    } else this.#entry(bytes, place.slice(1), stat);
  }

  #entry(name: Buffer, path: string, stat: BigIntStats): void {
    const type = typeOf(stat);
    if (type === undefined) return;
    if (this.entries.length >= ENTRIES_MAX)
      throw new BerthError('invalid', `more than ${ENTRIES_MAX} files are to be copied`);
    this.entries.push({
      path,
      type,
      mode: Number(stat.mode & 0o7777n),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: stat.mtimeNs,
      size: type === 'file' ? Number(stat.size) : 0,
      sha256: type === 'file' && this.#deep ? this.#digest(name) : '',
      link: type === 'symlink' ? readlinkSync(name, 'buffer').toString('latin1') : '',
      rdev: type === 'char' || type === 'block' ? stat.rdev : 0n,
      xattrs: xattrsOf(name),
    });
    if (type === 'directory' && this.#deep) this.#inside(name, `${path}/`);
  }

  #inside(name: Buffer, prefix: string): void {
    if (++this.#depth > DEPTH_MAX)
      throw new BerthError('invalid', `directories are nested more than ${DEPTH_MAX} deep`);
    const back = openSync('.', constants.O_RDONLY | constants.O_DIRECTORY);
    const fd = openSync(name, ENTER);
    try {
      changeDirectory(fd);
      for (const child of readdirSync('.', { encoding: 'buffer' }).sort(Buffer.compare)) {
        const stat = statIfThere(child);
        if (stat) this.#entry(child, prefix + child.toString('latin1'), stat);
      }
    } finally {
      changeDirectory(back);
      closeSync(back);
      closeSync(fd);
      this.#depth--;
    }
  }

  #digest(name: Buffer): string {
    const fd = openRegular(name);
    if (fd === undefined) return '';
    try {
      const hash = createHash('sha256');
      const { size } = fstatSync(fd);
      for (let at = 0; at < size; ) {
        const count = readSync(fd, this.#buffer, 0, CHUNK, at);
        if (count === 0) break;
        hash.update(this.#buffer.subarray(0, count));
        at += count;
      }
      return hash.digest('hex');
    } finally {
      closeForeign(fd);
    }
  }
}

function statIfThere(name: Buffer): BigIntStats | undefined {
  try {
    return lstatSync(name, { bigint: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function xattrsOf(name: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const key of listXattrs(name)) {
    if (key.startsWith('trusted.overlay.') || key.startsWith('user.overlay.') || key === 'security.selinux') continue;
    const value = getXattr(name, key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

function typeOf(stat: BigIntStats): TreeEntry['type'] | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : undefined;
}
