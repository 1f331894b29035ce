import { BerthError } from '@berth/kit';
import { setFrozen } from '../linux/cgroup.ts';
import { type Context, cgroupOf, eventAttributes } from './context.ts';
import type { ContainerService } from './service.ts';

/** Freezes all processes of a container. Errors: not-found; conflict when it does not run or is paused. */
export const pause =
  (context: Context): ContainerService['pause'] =>
  (name) =>
    change(context, name, true);

/** Lets a paused container run on. Errors: not-found; conflict when it is not paused. */
export const unpause =
  (context: Context): ContainerService['unpause'] =>
  (name) =>
    change(context, name, false);

function change(context: Context, name: string, frozen: boolean): Promise<void> {
  const { id } = context.store.resolve(name);
  return context.lock.run(id, async () => {
    const record = context.store.resolve(id);
    const { state } = record;
    if (frozen) {
      if (state.status === 'paused') throw new BerthError('conflict', `Container ${id} is already paused`);
      if (state.status !== 'running') throw new BerthError('conflict', `Container ${id} is not running`);
    } else if (state.status !== 'paused') throw new BerthError('conflict', `Container ${id} is not paused`);
    await setFrozen(context.cgroups, cgroupOf(context.config, id), frozen);
    context.store.save({ ...record, state: { ...state, status: frozen ? 'paused' : 'running' } });
    context.publish('container', frozen ? 'pause' : 'unpause', id, eventAttributes(record));
  });
}
