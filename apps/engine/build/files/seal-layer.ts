import { createHash } from 'node:crypto';
import { lstatSync, rmdirSync, unlinkSync, writeSync } from 'node:fs';
import { errnoOf } from '@berth/kit';
import type { Digest } from '@berth/oci';
import { compareLayer, type OwnerMap, TreeReader } from '../../archives/index.ts';
import { changeDirectory } from '../../linux/chroot.ts';
import { type Forbidden, findSecret, SecretFinder } from './find-secret.ts';
import type { KeptContents } from './kept-contents.ts';
import type { SealedLayer } from './protocol.ts';
import { resolvePlace } from './resolve-place.ts';

export interface SealOptions {
  placeholders: readonly string[];
  targets: readonly string[];
  owners: OwnerMap | undefined;
  forbidden: readonly Forbidden[];
  fresh?: Fresh | undefined;
}

/** A directory that the image has not: all in it is new, and some of it is known. */
export interface Fresh {
  /** Absolute, bytes as latin1 characters. */
  directory: string;
  /** Of plain files in it that have no extended attributes, by absolute path. */
  contents: Pick<KeptContents, 'of'>;
}

/**
 * Makes a layer of an upper directory: the calling thread's root is the image below it. What is no change is taken out of
 * the directory, then its archive is written to `archive`. The archive is of the very
 * files that stay, so that it and the directory say the same.
 */
export function sealLayer(
  upper: number,
  archive: number,
  { placeholders, targets, owners, forbidden, fresh }: SealOptions,
): SealedLayer {
  changeDirectory(upper);
  const made = new Set([...placeholders, ...targets.flatMap(withParents)]);
  const { same, changes } = compareLayer(made, owners, { fresh: fresh?.directory });
  if (changes.length === 0) return { diffId: EMPTY, archiveSize: 0, size: 0, isEmpty: true };
  takeOut(same, upper);
  const hash = createHash('sha256');
  let archiveSize = 0;
  // What could not be taken out is left out all the same.
  const reader = new TreeReader({
    ...{ only: undefined, as: Buffer.alloc(0), layer: true, still: true, owners },
    skips: (name) => same.has(name),
    known: (name) => fresh?.contents.of(`/${name}`),
  });
  const finder = new SecretFinder(forbidden);
  let hasSecret = false;
  for (const piece of reader.read()) {
    hasSecret ||= finder.push(piece) !== undefined;
    hash.update(piece);
    for (let at = 0; at < piece.length; ) at += writeSync(archive, piece, at);
    archiveSize += piece.length;
  }
  return {
    diffId: `sha256:${hash.digest('hex')}`,
    archiveSize,
    size: reader.contentSize,
    isEmpty: false,
    ...(hasSecret && { secret: findSecret(archive, forbidden) }),
  };
}

const EMPTY: Digest = `sha256:${'0'.repeat(64)}`;

/** By links of the image: where the runtime mounted. */
function withParents(target: string): string[] {
  const parts = resolvePlace(Buffer.from(target).toString('latin1')).split('/').slice(1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

/** Deepest first: a directory that is no change has nothing left in it. */
function takeOut(same: ReadonlySet<string>, upper: number): void {
  changeDirectory(upper);
  for (const name of [...same].sort((a, b) => b.length - a.length)) {
    const path = Buffer.from(name, 'latin1');
    try {
      if (lstatSync(path).isDirectory()) rmdirSync(path);
      else unlinkSync(path);
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
    }
  }
}
