import type { Output } from '../../../streams.ts';

/** Lines at the bottom of a terminal that change in place. */
export interface LiveArea {
  /** Shows these in place of those before. */
  draw(lines: readonly string[]): void;
  /** Leaves what it shows where it is: what is written next comes below. */
  leave(): void;
  /** Undefined when this is no terminal. */
  size: Output['size'];
}

/** One screen for lines that change in place, drawn on `err`, and for what is written meanwhile: that goes above them. */
export function sharedScreen(out: Output, err: Output): { out: Output; err: Output; area: LiveArea } {
  let lines: readonly string[] = [];
  let drawn = 0;
  /** What was written above has not ended its line: nothing can be drawn below it yet. */
  let isOpen = false;
  const draw = () => {
    if (isOpen) return;
    const text = lines.map((line) => `\x1b[2K${line}\n`).join('');
    err.write(`${drawn ? `\x1b[${drawn}A` : ''}\x1b[?25l${text}${drawn > lines.length ? '\x1b[0J' : ''}\x1b[?25h`);
    drawn = lines.length;
  };
  const above = (stream: Output): Output => ({
    write(data) {
      if (lines.length === 0 || (stream !== err && !stream.isTerminal)) return stream.write(data);
      if (drawn) err.write(`\x1b[${drawn}A\x1b[0J`);
      drawn = 0;
      stream.write(data);
      isOpen = !(typeof data === 'string' ? data.endsWith('\n') : data.at(-1) === NEWLINE);
      draw();
    },
    drain: () => stream.drain(),
    get pending() {
      return stream.pending;
    },
    isTerminal: stream.isTerminal,
    colors: stream.colors,
    size: stream.size,
  });
  const area: LiveArea = {
    draw(next) {
      lines = next;
      draw();
    },
    leave() {
      if (isOpen) err.write('\n');
      isOpen = false;
      if (drawn !== lines.length) draw();
      lines = [];
      drawn = 0;
    },
    size: err.size,
  };
  return { out: above(out), err: above(err), area };
}

const NEWLINE = 10;
