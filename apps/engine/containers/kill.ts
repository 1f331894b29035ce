import { BerthError } from '@berth/kit';
import type { Context } from './context.ts';
import { mustRun } from './must-run.ts';
import { parseSignal, stopSignalOf } from './parse/signals.ts';
import type { ContainerService } from './service.ts';
import { cancelRestart, killRecord, markStopped, send } from './stop.ts';

const SIGKILL = 9;

/**
 * Sends a signal; SIGKILL also waits until the container is gone.
 * Errors: not-found, conflict, invalid (signal); each begins with `cannot kill container: NAME: `.
 */
export const kill =
  (context: Context): ContainerService['kill'] =>
  async (name, signal) => {
    try {
      await sendNamed(context, name, signal);
    } catch (error) {
      if (!(error instanceof BerthError) || error.code === 'internal') throw error;
      throw new BerthError(error.code, `cannot kill container: ${name}: ${error.message}`, { cause: error });
    }
  };

async function sendNamed(context: Context, name: string, signal: string | undefined): Promise<void> {
  const number = signal ? parseSignal(signal) : SIGKILL;
  const { id } = context.store.resolve(name);
  if (await cancelRestart(context, id)) return;
  const record = context.store.resolve(id);
  mustRun(record);
  if (number === SIGKILL) return killRecord(context, record);
  if (number === stopSignalOf(record.spec.config)) markStopped(context, record.id);
  await send(context, record, number);
}
