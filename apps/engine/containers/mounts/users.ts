import type { LiveVolumes } from '../../volumes/index.ts';
import type { Context } from '../context.ts';
import type { ContainerRecord } from '../model.ts';

/** Ids of the containers, in any state, that have a volume. */
export function usersOf({ store }: Pick<Context, 'store'>, volumeId: string): string[] {
  return [...store.all()].filter((record) => has(record, volumeId)).map(({ id }) => id);
}

/** Makes what is shown of a volume's containers anew: summaries are kept by record. */
export function refreshUsers({ store }: Pick<Context, 'store'>, volumeId: string): void {
  for (const record of [...store.all()]) if (has(record, volumeId)) store.save({ ...record });
}

/** What containers held that ran when the last engine ended; some may have ended since. */
export function liveVolumes({ store }: Pick<Context, 'store'>): LiveVolumes[] {
  return [...store.all()]
    .filter(({ state }) => state.status === 'running' || state.status === 'paused')
    .map(({ id, spec }) => ({ containerId: id, volumeIds: volumesOf(spec) }))
    .filter(({ volumeIds }) => volumeIds.length > 0);
}

function volumesOf({ mounts }: ContainerRecord['spec']): string[] {
  return mounts.flatMap(({ type, id }) => (type === 'volume' && id !== undefined ? [id] : []));
}

function has({ spec }: ContainerRecord, volumeId: string): boolean {
  return spec.mounts.some(({ type, id }) => type === 'volume' && id === volumeId);
}
