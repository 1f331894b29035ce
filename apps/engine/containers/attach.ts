import type { Duplex } from 'node:stream';
import { BerthError } from '@berth/kit';
import { type Context, eventAttributes, pathsOf } from './context.ts';
import { endOf, LogParser, LogTail, tailStart } from './logs/index.ts';
import type { ContainerRecord } from './model.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from './parse/parse-exec-keys.ts';
import { DetachFilter } from './run/detach-filter.ts';
import { feedStdin } from './run/input.ts';
import { monitorOutput } from './run/monitor-output.ts';
import type { AttachOptions, ContainerService } from './service.ts';

/**
 * Connects a client to a container's terminal or streams; also before it starts. Output is read from the log, so a slow
 * client never holds the program up, and one that comes early misses nothing.
 * Errors: not-found; conflict when the container is paused or restarting; invalid (detach keys).
 */
export const attach =
  (context: Context): ContainerService['attach'] =>
  async (name, options) => {
    const record = context.store.resolve(name);
    const { status } = record.state;
    if (status === 'paused')
      throw new BerthError('conflict', `container ${name} is paused, unpause the container before attach`);
    if (status === 'restarting')
      throw new BerthError('conflict', `container ${name} is restarting, wait until the container is running`);
    const keys = options.detachKeys ? parseDetachKeys(options.detachKeys) : DEFAULT_DETACH_KEYS;
    const tty = record.spec.config.Tty;
    context.publish('container', 'attach', record.id, eventAttributes(record));
    // The position is taken now, before the answer: a client that was told "attached" sees all that comes after.
    const ended = new AbortController();
    const forget = context.live.of(record.id).onEnded(() => ended.abort());
    const output = openOutput(context, record, options, ended.signal);
    return {
      tty,
      join(connection) {
        connection.on('error', () => connection.destroy()); // the client went away; the container goes on
        joinInput(context, record, options, connection, keys);
        copy(output, connection)
          .catch((error) => {
            context.log.warn('cannot pass on the output of a container', { container: record.id, error });
            connection.destroy(); // no ordinary end: what the client has is not all
          })
          .finally(() => {
            forget();
            connection.end();
          });
      },
    };
  };

/** Output from now on, or with `logs` from the beginning, until the run ends. */
function openOutput(
  context: Context,
  record: ContainerRecord,
  options: AttachOptions,
  ended: AbortSignal,
): AsyncIterableIterator<Buffer> {
  const { stdout, stderr, stream, logs } = options;
  if (record.spec.hostConfig.LogConfig.Type === 'none')
    return monitorOutput(context, record, { stdout, stderr, ended });
  const { logFile } = pathsOf(context.config, record.id);
  const wanted = { stdout, stderr };
  const now = endOf(logFile);
  return new LogTail(
    logFile,
    async (live) => (logs ? tailStart(live, -1, wanted) : now),
    { follow: stream, until: 0n, ended },
    new LogParser({
      ...wanted,
      ...{ since: 0n, until: 0n, timestamps: false, details: false },
      framed: !record.spec.config.Tty,
    }),
  );
}

function joinInput(
  context: Context,
  record: ContainerRecord,
  options: AttachOptions,
  connection: Duplex,
  keys: readonly number[],
): void {
  const { OpenStdin, StdinOnce, Tty } = record.spec.config;
  if (!options.stdin || !options.stream || !OpenStdin) {
    connection.resume();
    return;
  }
  const once = StdinOnce && !Tty;
  if (!Tty) {
    feedStdin(context, record.id, connection, { once });
    return;
  }
  const filter = new DetachFilter(keys, () => {
    context.publish('container', 'detach', record.id, eventAttributes(record));
    connection.end();
  });
  feedStdin(context, record.id, connection.pipe(filter), { once });
}

/** Resolves when the client has read enough, or is gone. */
function writable(connection: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      connection.off('drain', done);
      connection.off('close', done);
      resolve();
    };
    connection.on('drain', done);
    connection.on('close', done);
  });
}

async function copy(output: AsyncIterableIterator<Buffer>, connection: Duplex): Promise<void> {
  connection.once('close', () => void output.return?.());
  if (connection.destroyed) await output.return?.();
  for await (const chunk of output) {
    if (connection.destroyed || connection.writableEnded) return;
    if (!connection.write(chunk)) await writable(connection);
  }
}
