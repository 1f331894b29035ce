import { isBerthError } from '@berth/kit';
import { type Context, eventAttributes } from './context.ts';
import { beginAnew } from './restart-policy.ts';
import type { ContainerService } from './service.ts';
import { startLocked } from './start.ts';
import { cancelRestart, isActive, stopRecord } from './stop.ts';

/** Stops a container where it runs, then starts it. Errors: those of both. */
export const restart =
  (context: Context): ContainerService['restart'] =>
  async (name, options) => {
    const { id } = context.store.resolve(name);
    await cancelRestart(context, id);
    const record = context.store.resolve(id);
    if (isActive(record)) {
      // A container that removes itself at its end must not do so now.
      if (record.spec.hostConfig.AutoRemove) context.keepOnce.add(id);
      try {
        await stopRecord(context, record, options);
      } finally {
        context.keepOnce.delete(id);
      }
    }
    await context.lock
      .run(record.id, () => {
        beginAnew(context, id);
        return startLocked(context, id);
      })
      .catch((error) => {
        if (!isBerthError(error, 'not-modified')) throw error;
      });
    context.publish('container', 'restart', record.id, eventAttributes(record));
  };
