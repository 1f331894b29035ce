import { BerthError } from '@berth/kit';
import { excerpt, type Source, type Span } from './source.ts';

/** What is wrong in a Dockerfile and where; the only thing that this package throws. */
export interface Blame {
  source: Source;
  span: Span;
}

/**
 * Docker's "dockerfile parse error on line N: …". The hint quotes the lines with a caret; `details` has `file`, `line` and
 * `column` for programs. `line` is the N of the sentence: where the statement begins.
 */
export function parseError(blame: Blame, message: string, line = blame.span.start.line): BerthError {
  return located(blame, `dockerfile parse error on line ${line}: ${message}`);
}

/** What was understood and cannot be carried out: the message alone, placed like `parseError`. */
export function planError(blame: Blame, message: string): BerthError {
  return located(blame, message);
}

function located({ source, span }: Blame, message: string): BerthError {
  return new BerthError('invalid', message, {
    hint: excerpt(source, span),
    details: { file: source.name, line: span.start.line, column: span.start.column },
  });
}
