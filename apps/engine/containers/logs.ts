import { BerthError } from '@berth/kit';
import { type Context, pathsOf } from './context.ts';
import { detailsOf, isReadable, isRemote } from './log-drivers/index.ts';
import { openLog } from './logs/index.ts';
import type { ContainerService } from './service.ts';
import { isActive } from './stop.ts';

/** Errors: not-found; invalid when neither stream is asked for; not-supported for the log driver `none` and without a cache. */
export const logs =
  (context: Context): ContainerService['logs'] =>
  async (name, options) => {
    const record = context.store.resolve(name);
    if (!options.stdout && !options.stderr)
      throw new BerthError('invalid', 'Bad parameters: you must choose at least one stream');
    const { hostConfig, config } = record.spec;
    if (!isReadable(hostConfig.LogConfig))
      throw new BerthError('not-supported', 'configured logging driver does not support reading');
    const ended = new AbortController();
    let forget = () => {};
    if (isActive(record) || record.state.status === 'restarting')
      forget = context.live.of(record.id).onEnded(() => ended.abort());
    else ended.abort();
    const stream = openLog(pathsOf(context.config, record.id).logFile, options, {
      tty: config.Tty,
      ended: ended.signal,
      ...(options.details && { attributes: detailsOf(record, isRemote(hostConfig.LogConfig.Type) ? 'cache-' : '') }),
    });
    stream.once('close', forget);
    return { tty: config.Tty, stream };
  };
