import { BerthError } from '@berth/kit';
import { type CopyReport, cloneVolume } from './clone.ts';
import type { VolumeContext } from './context.ts';
import { find, type VolumeResource } from './show.ts';

/** Labels of a snapshot: the id of its volume (names change), and its name then. */
export const SNAPSHOT_OF = 'berth.snapshot.of';
export const SNAPSHOT_OF_NAME = 'berth.snapshot.name';

/**
 * POST /berth/v1/volumes/NAME/snapshot: a clone that says what it is of. A snapshot is a volume like others: it can be
 * mounted, listed (`label=berth.snapshot.name=NAME`), backed up, removed. Without a name it is NAME and the time.
 */
export function snapshotVolume(
  context: VolumeContext,
  source: string,
  options: { name: string; freeze: boolean },
): Promise<VolumeResource & { Copy: CopyReport }> {
  const from = find(context, source);
  const labels = { [SNAPSHOT_OF]: from.id, [SNAPSHOT_OF_NAME]: from.name };
  const name = options.name || freeName(context, `${from.name}-${stamp(new Date())}`);
  return cloneVolume(context, source, { name, labels, freeze: options.freeze });
}

/** `20260102-030405`, UTC. */
function stamp(time: Date): string {
  return time
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/[-:]/g, '')
    .replace('T', '-');
}

function freeName({ store }: VolumeContext, name: string): string {
  if (!store.byName(name)) return name;
  for (let number = 2; number < 10_000; number++) {
    const next = `${name}-${number}`;
    if (!store.byName(next)) return next;
  }
  throw new BerthError('conflict', `there are too many snapshots with the name ${name}`);
}
