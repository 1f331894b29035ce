import { BerthError } from '@berth/kit';
import { flushed } from '../state/database.ts';
import { announce, type VolumeContext } from './context.ts';
import { ANONYMOUS_LABEL } from './model.ts';
import { checkVolumeName } from './names.ts';
import { find } from './show.ts';

/**
 * POST /berth/v1/volumes/NAME/rename: another name for the same volume, also while containers have it. An anonymous one
 * is none any more: who gives it a name wants to keep it. Errors: not-found, invalid (name), conflict.
 */
export async function renameVolume(context: VolumeContext, name: string, wanted: string): Promise<void> {
  const volume = find(context, name);
  if (wanted === '') throw new BerthError('invalid', 'the new name of a volume cannot be empty');
  checkVolumeName(wanted);
  if (wanted === name) throw new BerthError('invalid', 'renaming a volume with the same name as its current name');
  if (context.store.byName(wanted)) {
    throw new BerthError('conflict', `the volume name ${JSON.stringify(wanted)} is already in use`);
  }
  const { [ANONYMOUS_LABEL]: _, ...labels } = volume.labels ?? {};
  context.store.save({ ...volume, name: wanted, labels: Object.keys(labels).length > 0 ? labels : null });
  context.users().renamed(volume.id);
  announce(context, 'rename', { ...volume, name: wanted }, { oldName: name });
  await flushed(context.db);
}
