import { BerthError, errnoOf } from '@berth/kit';
import { setFrozen } from '../linux/cgroup.ts';
import { type Context, cgroupOf, eventAttributes } from './context.ts';
import { mustRun } from './must-run.ts';
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
      mustRun(record);
    } else if (state.status !== 'paused') throw new BerthError('conflict', `Container ${id} is not paused`);
    await setState(context, id, frozen);
  });
}

/** Lets a container run on if it is paused. */
export function thaw(context: Context, id: string): Promise<void> {
  return context.lock.run(id, async () => {
    if (context.store.get(id)?.state.status === 'paused') await setState(context, id, false);
  });
}

/** The caller holds the container's lock. */
async function setState(context: Context, id: string, frozen: boolean): Promise<void> {
  const group = cgroupOf(context.config, context.store.get(id) ?? { id });
  try {
    await setFrozen(context.cgroups, group, frozen);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') throw new BerthError('conflict', `container ${id} is not running`, { cause });
    // What is frozen in part runs on rather than being neither.
    if (frozen) await setFrozen(context.cgroups, group, false);
    throw cause;
  }
  const record = context.store.get(id);
  if (!record || (record.state.status !== 'running' && record.state.status !== 'paused')) return;
  context.store.save({ ...record, state: { ...record.state, status: frozen ? 'paused' : 'running' } });
  context.publish('container', frozen ? 'pause' : 'unpause', id, eventAttributes(record));
}
