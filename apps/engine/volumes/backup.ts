import type { Readable } from 'node:stream';
import type { VolumeContext } from './context.ts';
import { holdFor } from './hold.ts';
import { find } from './show.ts';
import type { Trees } from './trees.ts';

/**
 * GET /berth/v1/volumes/NAME/backup: all files as a tar archive, read while containers go on. For one moment of all files
 * take a snapshot and back that up. Errors: not-found.
 */
export async function backupVolume(context: VolumeContext & { trees: Trees }, name: string): Promise<Readable> {
  const volume = find(context, name);
  const held = await holdFor(context, volume.id);
  try {
    const body = await context.trees.read(held.path);
    body.once('close', () => void held[Symbol.asyncDispose]());
    return body;
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}
