import type { Context } from './context.ts';
import type { ContainerRecord } from './model.ts';
import type { ContainerService, WaitTicket } from './service.ts';

type Exit = Awaited<WaitTicket['exited']>;

/** Begins to wait; the condition is watched from this moment on. Errors: not-found. */
export const wait =
  (context: Context): ContainerService['wait'] =>
  async (name, condition, signal) => {
    const record = context.store.resolve(name);
    const live = context.live.of(record.id);
    return { exited: waitFor() };

    function waitFor(): Promise<Exit> {
      if (condition === 'removed') return live.removal(signal);
      if (condition === 'next-exit') return live.nextExit(signal);
      const { status } = record.state;
      return status === 'running' || status === 'paused' || status === 'restarting'
        ? live.nextExit(signal)
        : Promise.resolve(lastExit(record));
    }
  };

function lastExit({ state }: ContainerRecord): Exit {
  if (!('exitCode' in state)) return { StatusCode: 0 };
  return { StatusCode: state.exitCode, ...(state.error === '' ? {} : { Error: { Message: state.error } }) };
}
