import { BerthError } from '@berth/kit';
import type { ContainerRecord } from './model.ts';

/** Refuses a container that has no program now (it may be paused). Errors: conflict, in Docker's words. */
export function mustRun({ id, state }: ContainerRecord): void {
  if (state.status === 'restarting')
    throw new BerthError('conflict', `Container ${id} is restarting, wait until the container is running`);
  if (state.status !== 'running' && state.status !== 'paused')
    throw new BerthError('conflict', `container ${id} is not running`);
}
