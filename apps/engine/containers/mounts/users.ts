import type { LiveVolumes } from '../../volumes/index.ts';
import type { Context } from '../context.ts';
import type { ContainerRecord } from '../model.ts';

/** Ids of the containers, in any state, that have a volume. */
export function usersOf({ store }: Pick<Context, 'store'>, volumeId: string): string[] {
  return [...store.all()].filter((record) => has(record, volumeId)).map(({ id }) => id);
}

/** How many containers have each volume. */
export function userCounts({ store }: Pick<Context, 'store'>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { spec } of store.all())
    for (const id of new Set(volumesOf(spec))) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
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
