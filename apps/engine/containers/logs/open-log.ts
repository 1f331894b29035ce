import { Readable } from 'node:stream';
import type { LogsOptions } from '../service.ts';
import { LogTail } from './log-tail.ts';
import { tailStart } from './tail-start.ts';

/**
 * The log of a container as `GET /containers/{id}/logs` sends it. `path` is the live file; rotated ones beside it
 * (PATH.1, …) are read first. `tty`: bare bytes instead of frames. `ended`, for `follow`: aborted when the container
 * has ended and its log is complete; without it following goes on until the stream is destroyed.
 * No file means an empty log.
 */
export function openLog(path: string, options: LogsOptions, context: { tty: boolean; ended?: AbortSignal }): Readable {
  const { stdout, stderr, follow, since, until, timestamps, details, tail } = options;
  const log = new LogTail(path, tailStart(path, tail, { stdout, stderr }), {
    ...{ stdout, stderr, follow, since, until, timestamps, details },
    framed: !context.tty,
    ...(context.ended && { ended: context.ended }),
  });
  return Readable.from(log, { objectMode: false, highWaterMark: 64 * 1024 });
}
