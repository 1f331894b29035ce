import type { Context } from '../context.ts';
import type { ContainerRecord } from '../model.ts';

/** Lets go of the volumes that a run held, and says so. */
export function releaseVolumes(context: Context, record: ContainerRecord): void {
  for (const { type, id = '' } of record.spec.mounts) {
    if (type !== 'volume' || !context.volumes.release(id, record.id)) continue;
    const volume = context.volumes.get(id);
    if (volume) context.publish('volume', 'unmount', volume.name, { container: record.id, driver: volume.driver });
  }
}

/** Removes the anonymous volumes of a container that is gone; those that others have stay. */
export function removeAnonymousVolumes(context: Context, record: ContainerRecord): void {
  for (const { type, source, id = '' } of record.spec.mounts)
    if (type === 'volume' && source === '') context.volumes.removeAnonymous(id);
}
