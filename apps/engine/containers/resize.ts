import { BerthError } from '@berth/kit';
import { type Context, pathsOf } from './context.ts';
import { resizeTerminal } from './runtime/monitor.ts';
import type { ContainerService } from './service.ts';
import { isActive } from './stop.ts';

/** Errors: not-found; conflict when the container does not run. */
export const resize =
  (context: Context): ContainerService['resize'] =>
  async (name, height, width) => {
    const record = context.store.resolve(name);
    if (!isActive(record)) throw new BerthError('conflict', `container ${record.id} is not running`);
    if (record.spec.config.Tty) await resizeTerminal(pathsOf(context.config, record.id).bundle, height, width);
    context.publish('container', 'resize', record.id, {
      ...record.spec.config.Labels,
      image: record.spec.config.Image,
      name: record.name,
      height: String(height),
      width: String(width),
    });
  };
