/** A place in a file; both count from 1, columns in UTF-16 units. */
export interface Place {
  line: number;
  column: number;
}

/** From `start` up to, and without, `end`. */
export interface Span {
  start: Place;
  end: Place;
}

/** The text that places refer to. */
export interface Source {
  /** As people know it: `Dockerfile`, the value of `-f`, or `ONBUILD of IMAGE`. */
  name: string;
  lines: readonly string[];
}

const CONTEXT_LINES = 2;
const SHOWN_WIDTH = 160;

/**
 * The lines around a place as BuildKit shows them, with a caret below the place:
 *
 *     Dockerfile:2
 *     --------------------
 *        1 |     FROM debian
 *        2 | >>> RUM echo
 *          |     ^~~
 *     --------------------
 */
export function excerpt(source: Source, span: Span): string {
  const { start, end } = span;
  const first = Math.max(1, start.line - CONTEXT_LINES);
  const last = Math.min(
    source.lines.length,
    Math.max(start.line, end.line, start.line + CONTEXT_LINES),
    start.line + 5,
  );
  const rows: string[] = [];
  for (let line = first; line <= last; line++) {
    const inside = line >= start.line && line <= Math.max(start.line, end.line);
    rows.push(
      `${String(line).padStart(4)} | ${inside ? '>>>' : '   '} ${shown(source.lines[line - 1] ?? '')}`.trimEnd(),
    );
    if (line === start.line && start.column <= SHOWN_WIDTH) rows.push(`     |     ${caret(source, span)}`);
  }
  const rule = '-'.repeat(20);
  return [`${source.name}:${start.line}`, rule, ...rows, rule].join('\n');
}

function caret(source: Source, { start, end }: Span): string {
  const line = source.lines[start.line - 1] ?? '';
  const stop = end.line > start.line ? line.length + 1 : end.column;
  const before = line.slice(0, start.column - 1).replace(/[^\t]/g, ' ');
  return `${before}^${'~'.repeat(Math.max(0, Math.min(stop, SHOWN_WIDTH) - start.column - 1))}`;
}

/** A line as it can be printed: no control characters, not endless. */
function shown(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  const clean = line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
  return clean.length > SHOWN_WIDTH ? `${clean.slice(0, SHOWN_WIDTH)}…` : clean;
}
