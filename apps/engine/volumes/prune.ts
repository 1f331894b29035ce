import { type FilterValues, matchesLabels, unknownFilter } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { flushed } from '../state/database.ts';
import { dataOf, type VolumeContext } from './context.ts';
import { flagOf } from './list.ts';
import { ANONYMOUS_LABEL, type VolumeRecord } from './model.ts';
import { dropVolume, isBusy } from './remove.ts';
import { directorySize } from './size.ts';

const FILTERS = ['all', 'label', 'label!'];

/**
 * POST /volumes/prune: anonymous volumes that no container has, or with `all` any such volume. Whether a container has
 * one is asked of the rows, when the volume goes. Errors: invalid (filter), conflict (a prune runs).
 */
export async function pruneVolumes(
  context: VolumeContext,
  filters: FilterValues,
): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }> {
  const unknown = unknownFilter(filters, FILTERS);
  if (unknown !== undefined) throw new BerthError('invalid', `invalid filter '${unknown}'`);
  const all = flagOf(filters, 'all') ?? false;
  if (context.pruning) throw new BerthError('conflict', 'a prune operation is already running');
  context.pruning = true;
  try {
    const report = await prune(context, (volume) => fits(volume, filters, all));
    await flushed(context.db);
    return report;
  } finally {
    context.pruning = false;
  }
}

async function prune(
  context: VolumeContext,
  fit: (volume: VolumeRecord) => boolean,
): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }> {
  const removed: string[] = [];
  let space = 0;
  const isFree = ({ id }: VolumeRecord) => context.users().usersOf(id).length === 0 && !isBusy(context, id);
  const users = context.users().userCounts();
  for (const volume of [...context.store.all()]) {
    if (!fit(volume) || users.has(volume.id)) continue;
    try {
      const size = await directorySize(dataOf(context.config, volume.id));
      const now = context.store.get(volume.id); // others may have removed, renamed or taken it meanwhile
      if (!now || !isFree(now)) continue;
      dropVolume(context, now);
      space += size;
      removed.push(now.name);
    } catch (error) {
      // What was removed before is said in any case, and one broken volume does not keep the others.
      context.log.error(`cannot prune volume ${volume.name}`, { error });
    }
  }
  context.publish('volume', 'prune', '', { reclaimed: String(space) });
  return { VolumesDeleted: removed, SpaceReclaimed: space };
}

function fits({ labels }: VolumeRecord, filters: FilterValues, all: boolean): boolean {
  const own = labels ?? {};
  if (!all && own[ANONYMOUS_LABEL] === undefined) return false;
  const unwanted = filters['label!'] ?? [];
  if (unwanted.length > 0 && matchesLabels(own, unwanted)) return false;
  return matchesLabels(own, filters['label']);
}
