import type { OnProgress } from './service.ts';
import type { ProgressMessage } from './wire.ts';

/** The progress of one transfer, in Docker's words. */
export interface Progress {
  /** A line of its own, or with an `id` the line of that id. */
  message(status: string, id?: string): void;
  /** The line of one layer; `current` and `total` in bytes. Repeated figures are thinned to ten a second. */
  layer(id: string, status: string, current?: number, total?: number): void;
  aux(value: object): void;
}

/** Milliseconds between two messages about the same layer in the same state. */
const INTERVAL = 100;
const BAR_WIDTH = 50;

/** `now` in milliseconds. */
export function createProgress(emit: OnProgress, now: () => number = () => performance.now()): Progress {
  const last = new Map<string, { status: string; at: number }>();
  return {
    message: (status, id) => emit(id === undefined ? { status } : { status, id }),
    layer: (id, status, current, total) => {
      const before = last.get(id);
      const at = now();
      const whole = current !== undefined && current === total;
      if (before?.status === status && !whole && at - before.at < INTERVAL) return;
      last.set(id, { status, at });
      emit(layerMessage(id, status, current, total));
    },
    aux: (value) => emit({ progressDetail: {}, aux: value }),
  };
}

function layerMessage(
  id: string,
  status: string,
  current: number | undefined,
  total: number | undefined,
): ProgressMessage {
  if (current === undefined || total === undefined) return { status, progressDetail: {}, id };
  return { status, progressDetail: { current, total }, progress: formatBar(current, total), id };
}

/** `[=====>     ]  1.2MB/12MB`, as Docker's engine writes it for clients that print it as it is. */
export function formatBar(current: number, total: number): string {
  if (current <= 0 && total <= 0) return '';
  if (total <= 0) return humanSize(current).padStart(8);
  const filled = Math.min(BAR_WIDTH, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const numbers = humanSize(current).padStart(8) + (current > total ? '' : `/${humanSize(total)}`);
  return `[${'='.repeat(filled)}>${' '.repeat(BAR_WIDTH - filled)}] ${numbers}`;
}

/** Four significant digits in powers of 1000, without trailing zeros. */
function humanSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let [size, unit] = [bytes, 0];
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${Number(size.toPrecision(4))}${units[unit]}`;
}
