import { isBerthError } from '@berth/kit';
import { describe, expect, it } from 'vitest';
import { parseDockerfile } from './parse.ts';

/** The error that a text gives. */
function refusal(text: string | Uint8Array) {
  try {
    parseDockerfile(text);
  } catch (error) {
    if (isBerthError(error, 'invalid')) return { message: error.message, hint: error.hint ?? '', ...error.details };
    throw error;
  }
  throw new Error('it was accepted');
}

describe('errors', () => {
  it('name file, line and column, quote the line with a caret, and suggest', () => {
    const error = refusal('FROM debian\nRUM echo hi\n');
    expect(error.message).toBe('dockerfile parse error on line 2: unknown instruction: RUM (did you mean RUN?)');
    expect(error).toMatchObject({ file: 'Dockerfile', line: 2, column: 1 });
    expect(error.hint).toContain('   2 | >>> RUM echo hi\n     |     ^~~\n');
  });

  it('point at the word, on the line where it stands', () => {
    const error = refusal('FROM debian\nCOPY --chown=1 \\\n  --chmd=7 a b\n');
    expect(error.message).toBe('dockerfile parse error on line 2: unknown flag: --chmd (did you mean chmod?)');
    expect(error).toMatchObject({ line: 3, column: 3 });
  });

  it.each([
    ['', 'file with no instructions'],
    ['# only a comment\n\n', 'file with no instructions'],
    ['RUN x', 'no build stage in current context'],
    ['ARG A', 'dockerfile contains no stages to build'],
    ['FROM', 'FROM requires either one or three arguments'],
    ['FROM a b', 'FROM requires either one or three arguments'],
    ['FROM a is b', 'FROM requires either one or three arguments'],
    ['FROM a AS 1b', `invalid name for build stage: "1b", name can't start with a number or contain symbols`],
    [
      'FROM a\nADD x',
      'ADD requires at least two arguments, but only one was provided. Destination could not be determined',
    ],
    ['FROM a\nENV', 'ENV requires at least one argument'],
    ['FROM a\nENV a', 'ENV must have two arguments'],
    ['FROM a\nENV a=b c', 'Syntax error - can\'t find = in "c". Must be of the form: name=value'],
    ['FROM a\nCMD ["a", 1]', 'when using JSON array syntax, arrays must be comprised of strings only'],
    ['FROM a\nSHELL sh', 'SHELL requires the arguments to be in JSON form'],
    ['FROM a\nONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['FROM a\nONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['FROM a\nRUN <<EOF\nx', 'unterminated heredoc'],
    ['FROM a\nRUN --network=nome x', 'unsupported network mode "nome" (did you mean none?)'],
    ['FROM a\nHEALTHCHECK RUN x', 'Unknown type "RUN" in HEALTHCHECK (try CMD)'],
    ['FROM a\nHEALTHCHECK --retries=-1 CMD x', '--retries cannot be negative (-1)'],
  ])('%j is refused: %s', (text, message) => {
    expect(refusal(text).message).toContain(message);
  });
});
