import { closeSync, openSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/kit';
import type { CopyFigures } from '../linux/copy-tree.ts';
import { O } from '../linux/open-in-root.ts';
import { flushed } from '../state/database.ts';
import { DATA, DRAFT, homeOf, type VolumeContext } from './context.ts';
import { copyInto } from './copy.ts';
import { holdFor } from './hold.ts';
import type { VolumeRecord } from './model.ts';
import { checkVolumeName, newVolumeId } from './names.ts';
import { makeHome, register } from './obtain.ts';
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
  checkVolumeName(name);
  refuseTaken(context, name);
  const id = newVolumeId();
  // A volume when it is whole: an engine that dies meanwhile leaves a draft, which the next one removes.
  const draft = homeOf(context.config, `${DRAFT}${id}`);
  makeHome(draft);
  try {
    const Copy = await copyData(context, from, join(draft, DATA), freeze);
    refuseTaken(context, name);
    renameSync(draft, homeOf(context.config, id));
    const volume = register(context, id, { name, driver: '', labels, options: {} });
    await flushed(context.db);
    return { ...show(context, volume), Copy };
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

function refuseTaken({ store }: VolumeContext, name: string): void {
  if (!store.byName(name)) return;
  throw new BerthError('conflict', `the volume name ${JSON.stringify(name)} is already in use`);
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
