import { lstatSync, mkdirSync, type Stats, unlinkSync } from 'node:fs';
import type { TarEntry } from '@berth/oci';
import { type TreeLimits, TreeWriter } from '../../archives/index.ts';
import { mknod, S_IF } from '../../linux/file.ts';
import { setXattr } from '../../linux/xattr.ts';

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

/**
 * Writes the events of a layer archive as files below `/`, which must be the layer's own directory. Whiteouts become what
 * overlayfs understands. Errors: invalid for archives that Docker refuses too.
 */
export class LayerWriter extends TreeWriter {
  #opaqueRoot = false;

  constructor(limits: TreeLimits) {
    super({ limits, subject: 'layer archive', base: '/' });
  }

  written(): WrittenLayer {
    this.finish();
    const { size, entries, skippedXattrs } = this;
    return { size, entries, opaqueRoot: this.#opaqueRoot, skippedXattrs };
  }

  protected override place(entry: TarEntry, parts: string[]): void {
    const base = parts.at(-1);
    if (base === undefined) this.#root(entry);
    else if (base === OPAQUE) this.#opaque(parts.slice(0, -1));
    else if (parts.some((part) => part.startsWith(AUFS))) return;
    else if (base.startsWith(WHITEOUT)) this.#whiteout(parts.slice(0, -1), base.slice(WHITEOUT.length));
    else if (parts.some((part) => part.startsWith(WHITEOUT))) throw this.invalid('a whiteout is used as a directory');
    else this.create(entry, parts);
  }

  #root(entry: TarEntry): void {
    if (entry.type !== 'directory') throw this.invalid('its root is not a directory');
    this.attributes(this.pathOf([]), entry);
  }

  /** A whiteout and then a directory of that name: the new directory hides the old one's content. */
  protected override madeWay(entry: TarEntry, path: Buffer, gone: Stats): boolean {
    if (entry.type !== 'directory' || !isWhiteout(gone)) return true;
    mkdirSync(path, 0o700);
    setXattr(path, OVERLAY_OPAQUE, Buffer.from('y'));
    return false;
  }

  protected override blockedParent(path: Buffer, there: Stats): void {
    if (!isWhiteout(there) || !lstatSync(path).isCharacterDevice()) super.blockedParent(path, there);
    unlinkSync(path);
    this.makeParent(path);
    setXattr(path, OVERLAY_OPAQUE, Buffer.from('y'));
  }

  #opaque(parts: string[]): void {
    this.parents(parts);
    if (parts.length === 0) this.#opaqueRoot = true;
    setXattr(this.pathOf(parts), OVERLAY_OPAQUE, Buffer.from('y'));
  }

  /** Whiteouts speak of lower layers only: what this layer has itself stays. */
  #whiteout(parts: string[], name: string): void {
    if (name === '' || name === '.' || name === '..') throw this.invalid('a whiteout has no name');
    this.parents(parts);
    const path = this.pathOf([...parts, name]);
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined) mknod(path, S_IF.CHR, 0, 0);
    else if (there.isDirectory()) setXattr(path, OVERLAY_OPAQUE, Buffer.from('y'));
  }
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}
