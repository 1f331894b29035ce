import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kit';
import { removeTree } from '../linux/remove-tree.ts';
import { flushed } from '../state/database.ts';
import { DATA, DRAFT, homeOf, type VolumeContext } from './context.ts';
import type { VolumeRecord } from './model.ts';
import { checkVolumeName, newVolumeId } from './names.ts';
import { makeHome, register } from './obtain.ts';

/**
 * A new volume with data, on disk when it resolves. `fill` gets the directory to put the data in; the volume is there
 * once that is done, and never when it fails: an engine that dies meanwhile leaves a draft, which the next one removes.
 * Errors: invalid (name), conflict (name, also when it was taken meanwhile), those of `fill`.
 */
export async function makeFilled<T>(
  context: VolumeContext,
  { name, labels }: { name: string; labels: Record<string, string> },
  fill: (data: string) => Promise<T>,
): Promise<{ volume: VolumeRecord; value: T }> {
  checkVolumeName(name);
  refuseTaken(context, name);
  const id = newVolumeId();
  const draft = homeOf(context.config, `${DRAFT}${id}`);
  makeHome(draft);
  try {
    const value = await fill(join(draft, DATA));
    refuseTaken(context, name);
    renameSync(draft, homeOf(context.config, id));
    const volume = register(context, id, { name, driver: '', labels, options: {} });
    await flushed(context.db);
    return { volume, value };
  } catch (error) {
    await removeTree(draft);
    throw error;
  }
}

function refuseTaken({ store }: VolumeContext, name: string): void {
  if (!store.byName(name)) return;
  throw new BerthError('conflict', `the volume name ${JSON.stringify(name)} is already in use`);
}
