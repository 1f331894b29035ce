import { Readable } from 'node:stream';
import type { LogsOptions } from '../service.ts';
import { DetailsParser } from './details-parser.ts';
import { LogTail } from './log-tail.ts';
import { LogParser } from './parse.ts';
import { tailStart } from './tail-start.ts';

/**
 * The log of a container as `GET /containers/{id}/logs` sends it. `path` is the live file; rotated ones beside it are
 * read first. `tty`: bare bytes instead of frames. `attributes`: what `details` puts before each line. `ended`, for
 * `follow`: aborted when the container has ended and its log is complete; without it following goes on until the stream
 * is destroyed. No file means an empty log.
 */
export function openLog(
  path: string,
  options: LogsOptions,
  context: { tty: boolean; attributes?: string; ended?: AbortSignal },
): Readable {
  const { stdout, stderr, follow, since, until, timestamps, details, tail } = options;
  const format = { stdout, stderr, since, until, timestamps, framed: !context.tty };
  const parser =
    details && context.attributes
      ? new DetailsParser(format, context.attributes)
      : new LogParser({ ...format, details });
  const log = new LogTail(
    path,
    (live) => tailStart(live, tail, { stdout, stderr }),
    { follow, until, ...(context.ended && { ended: context.ended }) },
    parser,
  );
  return Readable.from(log, { objectMode: false, highWaterMark: 64 * 1024 });
}
