import { type BigIntStats, closeSync, constants, lstatSync, openSync, readdirSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { changeDirectory } from '../linux/chroot.ts';
import { getXattr } from '../linux/xattr.ts';
import { fromHost, type OwnerMap } from './owners.ts';

/** A difference between a container's own layer and its image; `kind` as on Docker's wire. */
export interface LayerChange {
  /** Absolute, bytes as latin1 characters. */
  path: string;
  kind: typeof MODIFIED | typeof ADDED | typeof DELETED;
}

export const MODIFIED = 0;
export const ADDED = 1;
export const DELETED = 2;

export interface LayerComparison {
  /** In the order of names, directories before what is in them. */
  changes: LayerChange[];
  /** What the layer has although it is no change: names as in an archive, without a slash in front. */
  same: Set<string>;
}

const ENTER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const DEPTH_MAX = 4000;
const CHANGES_MAX = 2_000_000;
/** Of all paths that are kept, in bytes: they go through several hands, each of which has them once more. */
const PATHS_MAX = 64 * 1024 * 1024;

/**
 * Compares the upper directory that is the thread's working directory with the image that is its root, as Docker does:
 * a directory has changed when its attributes did or something in it, whatever its times say. `placeholders` are paths
 * that runtimes mount on: what they made there, empty, is no change. `owners`: the layer belongs to a user namespace. Errors: invalid for
 * layers of more files, longer paths or deeper directories than memory is given to; `pathsMax` in bytes. `fresh` is a
 * directory that the image has not: that it is new is all that is told of it.
 */
export function compareLayer(
  placeholders: ReadonlySet<string>,
  owners: OwnerMap | undefined,
  options: { pathsMax?: number; fresh?: string | undefined } = {},
): LayerComparison {
  const comparison = new Comparison(placeholders, owners, options);
  comparison.visit('', { lower: true, isHidden: false });
  return comparison;
}

/** What is known of a directory of the layer. */
interface Place {
  /** The image has a directory there as well. */
  lower: boolean;
  /** The layer hides the image's directory: all that is in it counts, also what looks the same. */
  isHidden: boolean;
}

class Comparison implements LayerComparison {
  readonly changes: LayerChange[] = [];
  readonly same = new Set<string>();
  readonly #placeholders: ReadonlySet<string>;
  readonly #owners: OwnerMap | undefined;
  readonly #pathsMax: number;
  readonly #fresh: string | undefined;
  #depth = 0;
  #pathBytes = 0;

  constructor(
    placeholders: ReadonlySet<string>,
    owners: OwnerMap | undefined,
    { pathsMax = PATHS_MAX, fresh }: { pathsMax?: number; fresh?: string | undefined },
  ) {
    this.#placeholders = placeholders;
    this.#owners = owners;
    this.#pathsMax = pathsMax;
    this.#fresh = fresh;
  }

  visit(directory: string, place: Place): void {
    const names = readdirSync('.', { encoding: 'buffer' }).sort(Buffer.compare);
    if (place.isHidden && place.lower) this.#deleted(directory, new Set(names.map((name) => name.toString('latin1'))));
    for (const name of names) this.#entry(name, `${directory}/${name.toString('latin1')}`, place);
  }

  #entry(name: Buffer, path: string, place: Place): void {
    const stat = lstatSync(name, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return;
    const lower = place.lower ? lowerStat(path) : undefined;
    if (isWhiteout(stat)) {
      if (lower) this.#add(path, DELETED);
      else this.#same(path);
    } else if (path === this.#fresh && !lower) this.#add(path, ADDED);
    else if (stat.isDirectory()) this.#directory(name, path, { stat, lower, place });
    else if (!lower && this.#placeholders.has(path) && stat.isFile() && stat.size === 0n) this.#same(path);
    else if (!lower) this.#add(path, ADDED);
    // A second name brought it here (`ln`): they stay linked only together.
    else if (this.#differs(stat, lower) || stat.nlink > 1n || !sameCapability(name, path, stat))
      this.#add(path, MODIFIED);
    else if (!place.isHidden) this.#same(path);
  }

  #directory(
    name: Buffer,
    path: string,
    { stat, lower, place }: { stat: BigIntStats; lower: BigIntStats | undefined; place: Place },
  ): void {
    const at = this.changes.length;
    const isOwn = lower === undefined || this.#differs(stat, lower);
    // Taken back when nothing comes after it.
    this.#add(path, lower === undefined ? ADDED : MODIFIED);
    this.#inside(name, () => {
      const isHidden = place.isHidden || getXattr('.', 'trusted.overlay.opaque')?.toString('latin1') === 'y';
      this.visit(path, { lower: lower?.isDirectory() ?? false, isHidden });
    });
    // Also with nothing in it but such.
    const isPlaceholder = lower === undefined && this.#placeholders.has(path) && this.changes.length === at + 1;
    if (isPlaceholder || (!isOwn && this.changes.length === at + 1)) {
      this.changes.length = at;
      if (isPlaceholder || !place.isHidden) this.#same(path);
    }
  }

  #inside(name: Buffer, work: () => void): void {
    if (++this.#depth > DEPTH_MAX)
      throw new BerthError('invalid', `directories are nested more than ${DEPTH_MAX} deep`);
    let back: number | undefined;
    let fd: number | undefined;
    try {
      fd = openSync(name, ENTER);
      back = openSync('.', constants.O_RDONLY | constants.O_DIRECTORY);
      changeDirectory(fd);
      work();
    } catch (error) {
      // Gone, or something else, since it was looked at.
      if (fd === undefined && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return;
      throw error;
    } finally {
      this.#depth--;
      if (back !== undefined) {
        changeDirectory(back);
        closeSync(back);
      }
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** What a directory of the image has and the one that hides it has not. */
  #deleted(directory: string, present: ReadonlySet<string>): void {
    const below = readdirSync(bytes(directory), { encoding: 'buffer' }).sort(Buffer.compare);
    for (const name of below) {
      const key = name.toString('latin1');
      if (!present.has(key)) this.#add(`${directory}/${key}`, DELETED);
    }
  }

  /** The image's owners are those of the namespace, the layer's those of the host. */
  #differs(own: BigIntStats, image: BigIntStats): boolean {
    const { uid, gid } = fromHost(this.#owners, { uid: Number(own.uid), gid: Number(own.gid) });
    if (own.mode !== image.mode || own.rdev !== image.rdev) return true;
    if (uid !== Number(image.uid) || gid !== Number(image.gid)) return true;
    return !own.isDirectory() && (own.mtimeNs !== image.mtimeNs || own.size !== image.size);
  }

  #same(path: string): void {
    this.#count(path);
    this.same.add(path.slice(1));
  }

  #count(path: string): void {
    this.#pathBytes += path.length;
    if (this.#pathBytes > this.#pathsMax) {
      throw new BerthError('invalid', `the paths of the container's files have more than ${this.#pathsMax} bytes`);
    }
  }

  #add(path: string, kind: LayerChange['kind']): void {
    this.#count(path);
    if (this.changes.length >= CHANGES_MAX) {
      throw new BerthError('invalid', `the container changed more than ${CHANGES_MAX} files`);
    }
    this.changes.push({ path, kind });
  }
}

/** Of the image; its directories above are no links, for the layer has directories there. */
function lowerStat(path: string): BigIntStats | undefined {
  const stat = lstatSync(bytes(path), { bigint: true, throwIfNoEntry: false });
  return stat && isWhiteout(stat) ? undefined : stat;
}

function isWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}

function sameCapability(name: Buffer, path: string, stat: BigIntStats): boolean {
  if (!stat.isFile()) return true;
  const [own, lower] = [getXattr(name, 'security.capability'), getXattr(bytes(path), 'security.capability')];
  return own === lower || (own !== undefined && lower !== undefined && own.equals(lower));
}

function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}
