import { closeSync, openSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import type { CopyFigures } from '../linux/copy-tree.ts';
import { O } from '../linux/open-in-root.ts';
import type { VolumeContext } from './context.ts';
import { copyInto } from './copy.ts';
import { makeFilled } from './draft.ts';
import { holdFor } from './hold.ts';
import type { VolumeRecord } from './model.ts';
import { find, show, type VolumeResource } from './show.ts';

/** How a copy was made, so that nobody has to guess what it cost and what it is worth. */
export interface CopyReport {
  /** `reflink`: blocks are shared until one side changes them; `copy`: all was written anew; `empty`: there was no data. */
  Method: 'reflink' | 'copy' | 'empty';
  Entries: number;
  /** Bytes that were written anew. */
  BytesCopied: number;
  Milliseconds: number;
  /** Running containers that stood still for the copy. */
  Frozen: string[];
}

export interface CloneOptions {
  /** Name of the new volume. */
  name: string;
  labels: Record<string, string>;
  /** Let running containers of the volume stand still while it is copied, so that the copy is of one moment. */
  freeze: boolean;
}

/** POST /berth/v1/volumes/NAME/clone: a new volume with the same data. Errors: not-found, invalid, conflict (name). */
export async function cloneVolume(
  context: VolumeContext,
  source: string,
  options: CloneOptions,
): Promise<VolumeResource & { Copy: CopyReport }> {
  const from = find(context, source);
  const { name, labels, freeze } = options;
  if (name === '') throw new BerthError('invalid', 'a clone needs a name');
  const { volume, value } = await makeFilled(context, { name, labels }, (data) =>
    copyData(context, from, data, freeze),
  );
  return { ...show(context, volume), Copy: value };
}

/** Copies all of a volume into an empty directory. */
export async function copyData(
  context: VolumeContext,
  from: VolumeRecord,
  target: string,
  freeze: boolean,
): Promise<CopyReport> {
  await using held = await holdFor(context, from.id);
  const [sourceFd, targetFd] = [openSync(held.path, DIRECTORY), openSync(target, DIRECTORY)];
  try {
    const frozen = freeze ? await context.users().freeze(from.id) : undefined;
    const begin = performance.now();
    let figures: CopyFigures;
    try {
      figures = await copyInto(sourceFd, targetFd);
    } finally {
      await frozen?.thaw();
    }
    return {
      Method: figures.copied > 0 ? 'copy' : figures.shared > 0 ? 'reflink' : 'empty',
      Entries: figures.entries,
      BytesCopied: figures.bytes,
      Milliseconds: Math.round(performance.now() - begin),
      Frozen: frozen?.containers ?? [],
    };
  } finally {
    closeSync(sourceFd);
    closeSync(targetFd);
  }
}

const DIRECTORY = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
