import { parseError } from '../errors.ts';
import { isSpace } from '../expand/reader.ts';
import type { Source, Span } from '../source.ts';
import { type Heredoc, heredocsOf } from './heredoc.ts';
import { parseJsonForm } from './json-form.ts';
import { isTooLong, JoinedLine, LINE_LIMIT, type RawLine } from './lines.ts';
import { takeFlags, type Word } from './words.ts';

/** An instruction before its arguments are understood. */
export interface Statement {
  source: Source;
  /** As written. */
  keyword: string;
  /** The joined line, trimmed: what histories and `Step 1/3 : …` show. */
  text: string;
  flags: Word[];
  /** What follows the flags, trimmed. */
  rest: string;
  /** Offset of `rest` in the joined line. */
  restAt: number;
  heredocs: Heredoc[];
  span: Span;
  /** Comments directly above, without `#`. */
  comments: string[];
  /** The place of an offset in the joined line. */
  line: JoinedLine;
  /** Numbers of blank lines inside of it. */
  blankLines: number[];
}

const WITH_HEREDOCS = new Set(['run', 'copy', 'add']);

/** The statements of a file from the line `first` on (0-based), in order. */
export function readStatements(lines: readonly RawLine[], source: Source, escapeChar: string, first = 0): Statement[] {
  const statements: Statement[] = [];
  let comments: string[] = [];
  for (let index = first; index < lines.length; index++) {
    checkLength(lines, index, source);
    const text = (lines[index]?.text ?? '').trimStart();
    if (text.startsWith('#')) {
      const comment = text.slice(1).trim();
      if (comment === '') comments = [];
      else comments.push(comment);
      continue;
    }
    const { statement, next } = readStatement(lines, index, source, escapeChar);
    if (statement !== undefined) statements.push({ ...statement, comments });
    comments = [];
    index = next - 1;
  }
  return statements;
}

/** Reads one statement with its continuations and here-documents; none on a blank line. */
function readStatement(lines: readonly RawLine[], first: number, source: Source, escapeChar: string) {
  const line = new JoinedLine();
  const blankLines: number[] = [];
  let next = first;
  for (let open = true; open && next < lines.length; next++) {
    checkLength(lines, next, source);
    const raw = lines[next]?.text ?? '';
    const indent = raw.length - raw.trimStart().length;
    if (next > first && raw[indent] === '#') continue;
    if (next > first && indent === raw.length) {
      blankLines.push(next + 1);
      continue;
    }
    const from = next === first ? indent : 0;
    const end = continuationAt(raw, escapeChar);
    open = end !== -1;
    line.add(raw.slice(from, open ? Math.max(from, end) : undefined), { line: next + 1, column: from + 1 });
  }
  if (line.text.trim() === '') return { statement: undefined, next };
  const last = lines[next - 1]?.text ?? '';
  const span = { start: line.placeOf(0), end: { line: next, column: last.length + 1 } };
  const statement = {
    source,
    ...splitStatement(line),
    heredocs: [] as Heredoc[],
    span,
    comments: [],
    line,
    blankLines,
  };
  if (mayHaveHeredocs(statement)) next = readHeredocs(statement, lines, next);
  return { statement, next };
}

/** Where the escape character that joins the next line stands, or -1; one that is escaped itself does not. */
function continuationAt(raw: string, escapeChar: string): number {
  let end = raw.length;
  while (end > 0 && (raw[end - 1] === ' ' || raw[end - 1] === '\t')) end--;
  if (raw[end - 1] !== escapeChar || raw[end - 2] === escapeChar) return -1;
  return end - 1;
}

function splitStatement(line: JoinedLine) {
  const text = line.text.trimEnd();
  const start = text.length - text.trimStart().length;
  let end = start;
  while (end < text.length && !isBlank(text[end])) end++;
  const { flags, rest } = takeFlags(text.slice(end), end);
  let restAt = rest;
  while (restAt < text.length && isSpace(text[restAt])) restAt++;
  return { keyword: text.slice(start, end), text: text.slice(start), flags, rest: text.slice(restAt), restAt };
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\v' || char === '\f' || char === '\r';
}

/** RUN, COPY and ADD that are not in exec form, also behind ONBUILD. */
function mayHaveHeredocs({ keyword, rest, text }: { keyword: string; rest: string; text: string }): boolean {
  if (!text.includes('<<')) return false;
  let [name, args] = [keyword.toLowerCase(), rest];
  if (name === 'onbuild') {
    const end = /[\t\v\f\r ]|$/.exec(rest)?.index ?? rest.length;
    name = rest.slice(0, end).toLowerCase();
    const inner = rest.slice(end);
    args = inner.slice(takeFlags(inner).rest);
  }
  return WITH_HEREDOCS.has(name) && !Array.isArray(parseJsonForm(args));
}

/** Reads the bodies that the statement asks for; answers the index of the line after them. */
function readHeredocs(statement: Omit<Statement, 'comments'>, lines: readonly RawLine[], from: number): number {
  let next = from;
  for (const word of heredocsOf(statement.text)) {
    const start = next;
    for (;;) {
      const raw = lines[next];
      if (raw === undefined)
        throw parseError({ source: statement.source, span: statement.span }, 'unterminated heredoc');
      checkLength(lines, next, statement.source);
      next++;
      if ((word.chomp ? raw.text.replace(/^\t+/, '') : raw.text) === word.name) break;
    }
    const body = lines.slice(start, next - 1).map(({ whole }) => whole);
    const span = { start: { line: start + 1, column: 1 }, end: { line: next, column: 1 } };
    statement.heredocs.push({ ...word, body: body.join(''), span });
    statement.span.end = { line: next, column: (lines[next - 1]?.text.length ?? 0) + 1 };
  }
  return next;
}

function checkLength(lines: readonly RawLine[], index: number, source: Source): void {
  const raw = lines[index];
  if (raw === undefined || !isTooLong(raw)) return;
  const span = { start: { line: index + 1, column: 1 }, end: { line: index + 1, column: 1 } };
  throw parseError({ source, span }, `dockerfile line greater than maximum allowed size of ${LINE_LIMIT}`);
}
