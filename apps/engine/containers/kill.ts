import { BerthError } from '@berth/kit';
import type { Context } from './context.ts';
import { parseSignal } from './parse/signals.ts';
import type { ContainerService } from './service.ts';
import { cancelRestart, isActive, killRecord, markStopped, send } from './stop.ts';

const SIGKILL = 9;

/** Sends a signal; SIGKILL also waits until the container is gone. Errors: not-found, conflict, invalid (signal). */
export const kill =
  (context: Context): ContainerService['kill'] =>
  async (name, signal) => {
    const number = signal ? parseSignal(signal) : SIGKILL;
    const { id } = context.store.resolve(name);
    if (await cancelRestart(context, id)) return;
    const record = context.store.resolve(id);
    if (!isActive(record)) {
      throw new BerthError('conflict', `cannot kill container: ${name}: container ${record.id} is not running`);
    }
    if (number === SIGKILL) return killRecord(context, record);
    const own = record.spec.config.StopSignal || 'SIGTERM';
    if (number === parseSignal(own)) markStopped(context, record.id);
    await send(context, record, number);
  };
