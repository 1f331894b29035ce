import { BerthError } from '@berth/kit';
import type { Context } from './context.ts';
import { removeLocked } from './remove.ts';
import type { ContainerService } from './service.ts';
import { pruneFilter } from './show/filters.ts';
import { writableSize } from './show/size.ts';

const KNOWN = new Set(['label', 'label!', 'until']);

/** Removes all containers that do not run. Errors: invalid (filter). */
export const prune =
  (context: Context): ContainerService['prune'] =>
  async (filters) => {
    for (const name of Object.keys(filters))
      if (!KNOWN.has(name)) throw new BerthError('invalid', `invalid filter '${name}'`);
    const holds = pruneFilter(filters);
    const removed: string[] = [];
    let space = 0;
    for (const record of [...context.store.all()]) {
      if (!prunable(record.state.status) || !holds(record)) continue;
      await context.lock.run(record.id, async () => {
        const now = context.store.get(record.id);
        if (!now || !prunable(now.state.status)) return;
        const size = await writableSize(context.config, record.id);
        await removeLocked(context, record.id);
        space += size;
        removed.push(record.id);
      });
    }
    context.publish('container', 'prune', '', { reclaimed: String(space) });
    return { ContainersDeleted: removed, SpaceReclaimed: space };
  };

function prunable(status: string): boolean {
  return status === 'created' || status === 'exited' || status === 'dead';
}
