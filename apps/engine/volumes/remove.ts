import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kit';
import { unmount } from '../linux/mount.ts';
import { readMountTable } from '../linux/mount-table.ts';
import { removeTree } from '../linux/remove-tree.ts';
import { announce, homeOf, inBackground, type VolumeContext } from './context.ts';
import { ANONYMOUS_LABEL, type VolumeRecord } from './model.ts';

/** DELETE /volumes/NAME. Errors: not-found unless `force`; conflict while a container has it. */
export function removeVolume(context: VolumeContext, name: string, options: { force: boolean }): void {
  const volume = context.store.byName(name);
  if (!volume) {
    if (options.force) return;
    throw noSuchVolume(name);
  }
  const users = context.users().usersOf(volume.id);
  if (users.length > 0) {
    throw new BerthError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
  }
  if (isBusy(context, volume.id)) {
    throw new BerthError('conflict', `remove ${name}: volume is in use - it is being copied or read`);
  }
  dropVolume(context, volume);
}

/** True while somebody has the data: besides running containers, whoever copies or reads it. */
export function isBusy({ holders }: Pick<VolumeContext, 'holders'>, id: string): boolean {
  return (holders.get(id)?.size ?? 0) > 0;
}

/** Removes an anonymous volume whose container is gone, unless another one has it. */
export function removeAnonymous(context: VolumeContext, id: string): void {
  const volume = context.store.get(id);
  if (volume?.labels?.[ANONYMOUS_LABEL] === undefined || context.users().usersOf(id).length > 0) return;
  if (!isBusy(context, id)) dropVolume(context, volume);
}

/** The row goes first, the files follow after the answer. Nobody uses the volume. */
export function dropVolume(context: VolumeContext, volume: VolumeRecord): void {
  context.store.delete(volume.id);
  context.holders.delete(volume.id);
  announce(context, 'destroy', volume);
  inBackground(context, `remove the files of volume ${volume.name}`, () =>
    // What is being unmounted is waited for.
    context.lock.run(volume.id, () => removeFiles(context, volume.id)),
  );
}

/** Never goes into a file system that is mounted there: what it holds is not ours. */
export async function removeFiles({ config }: VolumeContext, id: string): Promise<void> {
  const home = homeOf(config, id);
  if (!existsSync(home)) return;
  for (const { mountPoint } of readMountTable('self').reverse())
    if (mountPoint.startsWith(`${home}/`)) unmount(mountPoint, { lazy: true });
  const trash = join(config.dataRoot, 'trash');
  mkdirSync(trash, { recursive: true, mode: 0o700 });
  const target = join(trash, `volume-${id}`);
  renameSync(home, target);
  await removeTree(target);
}

export function noSuchVolume(name: string): BerthError {
  return new BerthError('not-found', `get ${name}: no such volume`);
}
