import type { BuildStatus } from '@berth/contract';
import { humanSize } from '../../../render/units.ts';
import { type Change, type Step, Steps, seconds } from './steps.ts';
import type { BuildView } from './view.ts';

/** Progress that takes longer is said once before it is over. */
const SLOW_SECONDS = 1;

/**
 * BuildKit's plain view: every line has its step's number, nothing is redrawn. A step that goes on while another speaks is
 * left with `#5 ...` and taken up again by its name.
 */
export function plainView(write: (text: string) => void): BuildView {
  const steps = new Steps();
  const shown = new Map<number, Map<string, string>>();
  let current: Step | undefined;
  let open = false;

  const turnTo = (step: Step) => {
    if (current === step && open) return;
    let text = '';
    if (open && current) text += `#${current.number} ...\n`;
    if (current) text += '\n';
    write(`${text}#${step.number} ${step.vertex.name}\n`);
    current = step;
    open = true;
  };
  const show = ({ step, ended, lines, statuses }: Change) => {
    if (!step.vertex.started && !ended && lines.length === 0 && statuses.length === 0) return;
    if (step.vertex.name === '') return;
    turnTo(step);
    let text = '';
    const known = shown.get(step.number) ?? new Map<string, string>();
    shown.set(step.number, known);
    for (const status of statuses) {
      const line = statusLine(status);
      // Progress in between is for those who can redraw, unless it takes long.
      const isOver = status.completed !== undefined;
      const isSlow = seconds(status.started, status.timestamp) > SLOW_SECONDS && !known.has(status.id);
      if (known.get(status.id) === line || (!isOver && !isSlow)) continue;
      known.set(status.id, line);
      text += `#${step.number} ${line}\n`;
    }
    for (const line of lines) text += `#${step.number} ${line.at.toFixed(3)} ${line.text}\n`;
    if (ended) {
      text += endLine(step);
      open = false;
    }
    write(text);
  };
  return {
    take(progress) {
      for (const change of steps.take(progress)) show(change);
    },
    end(failure) {
      if (open && current) write(`#${current.number} ${failure === undefined ? 'DONE' : 'CANCELED'}\n`);
      if (current) write('\n');
      if (failure !== undefined) write(failureTail(steps.all));
    },
  };
}

/** `transferring context: 3.07kB 0.1s done` */
export function statusLine({ id, name, current, total, started, completed, timestamp }: BuildStatus): string {
  const label = name || id;
  let text = label;
  if (total && total > 0) text += ` ${humanSize(current)} / ${humanSize(total)}`;
  else if (current > 0) text += `: ${humanSize(current)}`;
  const time = seconds(started, completed ?? timestamp);
  if (started !== undefined && time >= 0.05) text += ` ${time.toFixed(1)}s`;
  return completed === undefined ? text : `${text} done`;
}

function endLine({ number, vertex }: Step): string {
  if (vertex.error !== undefined && vertex.error !== '') return `#${number} ERROR: ${vertex.error}\n`;
  if (vertex.cached) return `#${number} CACHED\n`;
  return `#${number} DONE ${seconds(vertex.started, vertex.completed).toFixed(1)}s\n`;
}

/** The last lines of the step that failed, as BuildKit repeats them at the end. */
export function failureTail(steps: readonly Step[]): string {
  const failed = steps.filter(({ vertex }) => vertex.error);
  return failed
    .map(({ vertex, tail }) => {
      const lines = tail.map(({ text, at }) => `${at.toFixed(3)} ${text}\n`).join('');
      return `------\n > ${vertex.name}:\n${lines}------\n`;
    })
    .join('');
}
