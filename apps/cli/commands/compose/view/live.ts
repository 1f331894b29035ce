import type { ProgressView } from './progress.ts';
import type { LiveArea } from './screen.ts';

interface Line {
  word: string;
  done: boolean;
  error: boolean;
  /** Milliseconds since the epoch. */
  began: number;
  ended: number | undefined;
}

const REDRAW_MS = 100;
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const COLORS = { green: '\x1b[32m', red: '\x1b[31m', blue: '\x1b[34m', yellow: '\x1b[33m', off: '\x1b[0m' };

/** A line for each thing, redrawn in place while it changes. */
export function liveView(area: LiveArea, dryRun: boolean): ProgressView {
  const lines = new Map<string, Line>();
  let tick = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const draw = () => {
    const width = area.size()?.columns ?? 80;
    const rows = Math.max(3, (area.size()?.rows ?? 24) - 2);
    const all = [...lines];
    const done = all.filter(([, line]) => line.done).length;
    const head = `${dryRun ? 'DRY-RUN MODE - ' : ''}[+] Running ${done}/${all.length}`;
    area.draw([head, ...all.slice(-rows).map(([subject, line]) => render(subject, line, width, tick))]);
  };
  const set = (subject: string, word: string, done: boolean, error = false) => {
    const began = lines.get(subject)?.began ?? Date.now();
    lines.set(subject, { word, done, error, began, ended: done ? Date.now() : undefined });
    timer ??= setInterval(() => {
      tick++;
      draw();
    }, REDRAW_MS);
  };
  return {
    begin: () => undefined,
    progress: ({ subject, word, done, error }) => set(subject, word, done, error !== undefined),
    note: (subject, word) => set(subject, word, true),
    end() {
      clearInterval(timer);
      timer = undefined;
      if (lines.size) draw();
      area.leave();
      lines.clear();
    },
  };
}

function render(subject: string, line: Line, width: number, tick: number): string {
  const seconds = `${(((line.ended ?? Date.now()) - line.began) / 1000).toFixed(1)}s`;
  const mark = line.error ? '✘' : line.done ? '✔' : (SPINNER[tick % SPINNER.length] ?? '');
  const color = line.error ? COLORS.red : line.done ? COLORS.green : COLORS.blue;
  const text = ` ${mark} ${subject}  ${line.word}`;
  const shown = text.slice(0, Math.max(10, width - seconds.length - 2));
  return `${color}${shown}${COLORS.off}${' '.repeat(Math.max(1, width - shown.length - seconds.length - 1))}${seconds}`;
}
