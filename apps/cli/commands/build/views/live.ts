import type { Output } from '../../../streams.ts';
import { failureTail, statusLine } from './plain.ts';
import { printable } from './printable.ts';
import { type Step, Steps, seconds } from './steps.ts';
import type { BuildView } from './view.ts';

/** Milliseconds between frames. */
const FRAME_MS = 100;
/** Lines of a running step's log. */
const TAIL_LINES = 6;
const NARROW = 20;
const ESC = '\x1b[';

interface LiveOptions {
  color: boolean;
  /** Calls `redraw` when the terminal has another size; returns how to stop that. */
  onResize: (redraw: () => void) => () => void;
  /** Calls `tidy` when the program is about to be ended; returns how to stop that. */
  onInterrupt?: (tidy: () => void) => () => void;
}

/**
 * BuildKit's view for terminals: a line a step with its time at the right, below it what it does now. Each frame is one write
 * that goes over the last frame and clears only what is left of it, so that nothing flickers. What does not fit the height
 * is left out from the oldest finished step on; the last frame has all.
 */
export function liveView(
  out: Pick<Output, 'write' | 'size'>,
  { color, onResize, onInterrupt }: LiveOptions,
): BuildView {
  const steps = new Steps();
  const startedAt = Date.now();
  let drawn: string[] = [];
  let width = 0;
  const frame = (last: boolean) => {
    const { columns, rows } = out.size() ?? { columns: 80, rows: 24 };
    const lines = frameLines(steps.all, { columns: Math.max(NARROW, columns), rows, last, startedAt });
    const text = redraw(drawn, lines, width === 0 || width === columns ? undefined : columns, color);
    if (text !== '') out.write(text);
    drawn = lines;
    width = columns;
  };
  const timer = setInterval(() => frame(false), FRAME_MS);
  timer.unref?.();
  const stop = onResize(() => frame(false));
  const showCursor = () => out.write(`${ESC}?25h`);
  const forget = onInterrupt?.(showCursor);
  out.write(`${ESC}?25l`);
  return {
    take(progress) {
      steps.take(progress);
    },
    end(failure) {
      clearInterval(timer);
      stop();
      frame(true);
      forget?.();
      showCursor();
      if (failure !== undefined) out.write(failureTail(steps.all));
    },
  };
}

/**
 * What turns one frame into the next: up to its first line, then each line that differs. After a change of width the lines
 * of the old frame may have been wrapped: then everything from its top on is cleared.
 */
export function redraw(
  before: readonly string[],
  now: readonly string[],
  resizedTo: number | undefined,
  color: boolean,
): string {
  if (resizedTo === undefined && before.length === now.length && before.every((line, at) => line === now[at]))
    return '';
  let height = before.length;
  if (resizedTo !== undefined) {
    height = before.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / resizedTo)), 0);
  }
  let text = `${ESC}?2026h`;
  if (height > 0) text += `\r${ESC}${height}A`;
  if (resizedTo !== undefined) text += `${ESC}J`;
  for (const [at, line] of now.entries()) {
    const isSame = resizedTo === undefined && before[at] === line;
    text += isSame ? `${ESC}1B` : `\r${paint(line, color)}${ESC}K\r\n`;
    if (isSame) text += '\r';
  }
  if (before.length > now.length && resizedTo === undefined) text += `${ESC}J`;
  return `${text}${ESC}?2026l`;
}

function paint(line: string, color: boolean): string {
  if (!color) return line;
  if (line.startsWith(' => ERROR') || line.startsWith(' => CANCELED')) return `\x1b[31m${line}\x1b[0m`;
  if (line.startsWith('[+]') || /^ => (?:CACHED )?\S/.test(line)) return `\x1b[34m${line}\x1b[0m`;
  return line;
}

interface FrameOptions {
  columns: number;
  rows: number;
  /** The last frame stays: it has everything and no logs. */
  last: boolean;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/** The lines of a frame, none wider than the terminal. */
export function frameLines(steps: readonly Step[], { columns, rows, last, startedAt }: FrameOptions): string[] {
  const begun = steps.filter(({ vertex }) => vertex.started !== undefined || vertex.completed !== undefined);
  const done = steps.filter(({ vertex }) => vertex.completed !== undefined).length;
  const failed = steps.some(({ vertex }) => vertex.error);
  const elapsed = ((Date.now() - startedAt) / 1000).toFixed(1);
  const state = failed ? ' ERROR' : last ? ' FINISHED' : '';
  const head = fit(`[+] Building ${elapsed}s (${done}/${steps.length})${state}`, '', columns);
  const blocks = begun.map((step) => ({
    isRunning: step.vertex.completed === undefined,
    lines: block(step, columns, last),
  }));
  if (!last) shrink(blocks, rows - 2);
  return [head, ...blocks.flatMap(({ lines }) => lines)];
}

interface Block {
  isRunning: boolean;
  lines: string[];
}

/** Makes room: logs go first, then finished steps from the oldest on, then the oldest of the rest. */
function shrink(blocks: Block[], room: number): void {
  const height = () => blocks.reduce((sum, { lines }) => sum + lines.length, 0);
  for (const one of blocks) while (height() > room && one.lines.length > 1) one.lines.pop();
  for (const wantsRunning of [false, true]) {
    while (height() > Math.max(1, room)) {
      const at = blocks.findIndex(({ isRunning }) => isRunning === wantsRunning);
      if (at < 0) break;
      blocks.splice(at, 1);
    }
  }
}

function block({ vertex, statuses, tail }: Step, columns: number, last: boolean): string[] {
  const { started, completed, cached, error, name } = vertex;
  const mark = error ? 'ERROR ' : cached ? 'CACHED ' : '';
  const time = `${seconds(started, completed).toFixed(1)}s`;
  const lines = [fit(` => ${mark}${name}`, time, columns)];
  const isRunning = completed === undefined;
  if (isRunning || last) {
    for (const status of statuses.values()) {
      const statusTime = status.started === undefined ? '' : `${seconds(status.started, status.completed).toFixed(1)}s`;
      lines.push(
        fit(` => => ${statusLine({ ...status, started: undefined, completed: undefined })}`, statusTime, columns),
      );
    }
  }
  if (isRunning && !last) {
    for (const { text } of tail.slice(-TAIL_LINES)) lines.push(fit(` => => # ${printable(text)}`, '', columns));
  }
  return lines;
}

/** Left text and right text in one line of the terminal's width; the left one gives way. */
function fit(left: string, right: string, columns: number): string {
  // The last column stays free: writing into it makes some terminals wrap.
  const room = columns - 1 - (right === '' ? 0 : right.length + 1);
  const cut = left.length > room ? left.slice(0, Math.max(0, room)) : left;
  return right === '' ? cut : `${cut.padEnd(room)} ${right}`;
}
