import { CliError } from '../cli-error.ts';
import type { Output } from '../streams.ts';
import { rfc3339Nano } from './time.ts';
import { humanSize } from './units.ts';

/** One message of a pull, push, load, import or build. */
export interface ProgressMessage {
  stream?: string;
  status?: string;
  /** What the line is about: a layer. Lines of one id are redrawn in place. */
  id?: string;
  from?: string;
  progressDetail?: ProgressDetail;
  /** The bar as text, from engines that draw it themselves. */
  progress?: string;
  /** Seconds and nanoseconds since the epoch. */
  time?: number;
  timeNano?: number;
  error?: string;
  errorDetail?: { code?: number; message?: string };
  /** Data for programs; never shown. */
  aux?: unknown;
}

export interface ProgressDetail {
  current?: number;
  total?: number;
  /** Seconds since the epoch when the operation began; gives an estimate of the time left. */
  start?: number;
  hidecounts?: boolean;
  /** '' is bytes. */
  units?: string;
}

const NANOS = 1_000_000_000n;

/** Width that Docker assumes when it cannot ask. */
const NO_TERMINAL_WIDTH = 200;

/**
 * Shows a stream of messages as Docker does: on a terminal each id has a line of its own that is redrawn; elsewhere each
 * status is printed once and bars are left out. Throws CliError with the engine's sentence when the stream reports a
 * failure. `aux` gets the data that is not for people.
 */
export async function renderProgress(
  messages: AsyncIterable<ProgressMessage>,
  out: Pick<Output, 'write' | 'drain' | 'isTerminal' | 'size'>,
  options: { aux?: (data: unknown) => void } = {},
): Promise<void> {
  const lines = new Map<string, number>();
  for await (const message of messages) {
    if (message.aux !== undefined && message.aux !== null) {
      options.aux?.(message.aux);
      continue;
    }
    const { isTerminal } = out;
    let text = '';
    let up = 0;
    if (message.id && (message.progressDetail || message.progress)) {
      let line = lines.get(message.id);
      if (line === undefined) {
        line = lines.size;
        lines.set(message.id, line);
        if (isTerminal) text += '\n';
      }
      up = lines.size - line;
      if (isTerminal) text += `\x1b[${up}A`;
    } else lines.clear();
    const error = failureOf(message);
    if (error === undefined) text += showMessage(message, isTerminal, out.size()?.columns ?? NO_TERMINAL_WIDTH);
    if (message.id && isTerminal && up > 0) text += `\x1b[${up}B`;
    if (text !== '') out.write(text);
    if (error !== undefined) throw new CliError(error);
    await out.drain();
  }
}

function failureOf(message: ProgressMessage): string | undefined {
  if (message.errorDetail)
    return message.errorDetail.message ?? message.error ?? 'the engine reported an unknown error';
  return message.error;
}

function showMessage(message: ProgressMessage, isTerminal: boolean, columns: number): string {
  const { progressDetail: detail, status = '', stream = '' } = message;
  const redraws = isTerminal && stream === '' && detail !== undefined;
  const bar = detail ? progressBar(detail, columns) : '';
  // Elsewhere than on a terminal a bar would be a line per step.
  if (!redraws && bar !== '') return '';
  const end = redraws ? '\r' : '';
  let text = redraws ? '\x1b[2K\r' : '';
  const nanos = message.timeNano ? BigInt(message.timeNano) : BigInt(message.time ?? 0) * NANOS;
  if (nanos) text += `${rfc3339Nano({ seconds: Number(nanos / NANOS), fraction: Number(nanos % NANOS) })} `;
  if (message.id) text += `${message.id}: `;
  if (message.from) text += `(from ${message.from}) `;
  if (detail && isTerminal) return `${text}${status} ${bar}${end}`;
  if (message.progress) return `${text}${status} ${message.progress}${end}`;
  return stream === '' ? `${text}${status}${end}\n` : `${text}${stream}${end}`;
}

/** `[====>      ]  1.2MB/3MB`; narrow terminals get the numbers alone. */
export function progressBar(detail: ProgressDetail, columns: number): string {
  const { current = 0, total = 0, units = '', start = 0 } = detail;
  if (current <= 0 && total <= 0) return '';
  if (total <= 0) return units === '' ? humanSize(current).padStart(8) : `${current} ${units}`;
  const half = Math.min(50, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const bar = columns > 110 ? `[${'='.repeat(half)}>${' '.repeat(50 - half)}] ` : '';
  return (
    bar + counts(current, total, units, detail.hidecounts ?? false) + timeLeft(current, total, start, half, columns)
  );
}

function counts(current: number, total: number, units: string, hidden: boolean): string {
  if (hidden) return '';
  const beyond = current > total;
  if (units !== '') return beyond ? `${current} ${units}` : `${current}/${total} ${units}`;
  const shown = humanSize(current).padStart(8);
  return beyond ? shown : `${shown}/${humanSize(total)}`;
}

function timeLeft(current: number, total: number, start: number, half: number, columns: number): string {
  if (current <= 0 || start <= 0 || half >= 50 || columns <= 50) return '';
  const elapsed = Date.now() / 1000 - start;
  const left = Math.trunc((elapsed / current) * (total - current));
  const [hours, minutes, seconds] = [Math.trunc(left / 3600), Math.trunc(left / 60) % 60, left % 60];
  if (hours > 0) return ` ${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? ` ${minutes}m${seconds}s` : ` ${seconds}s`;
}
