import type { BerthError } from '@berth/kit';
import { parseError } from '../errors.ts';
import type { Statement } from '../lex/statements.ts';
import type { Word } from '../lex/words.ts';
import type { Span } from '../source.ts';

/** The place of a word of the statement. */
export function spanOf(statement: Pick<Statement, 'line'>, word: Word): Span {
  return spanBetween(statement, word.at, word.at + word.text.length);
}

/** The place of a part of the joined line. */
export function spanBetween({ line }: Pick<Statement, 'line'>, from: number, to: number): Span {
  const start = line.placeOf(from);
  const end = line.placeOf(Math.max(from, to - 1));
  return { start, end: { line: end.line, column: end.column + 1 } };
}

/** A parse error at a word, or at the whole statement. Docker names the line on which the statement begins. */
export function fault(statement: Statement, message: string, word?: Word): BerthError {
  const { source, span } = statement;
  if (word === undefined) return parseError({ source, span }, message);
  return parseError({ source, span: spanOf(statement, word) }, message, span.start.line);
}
