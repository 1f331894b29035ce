import { parseHeredocWord } from '../lex/heredoc.ts';
import { MIXED_JSON, parseJsonForm } from '../lex/json-form.ts';
import type { Statement } from '../lex/statements.ts';
import { splitBlanks, type Word } from '../lex/words.ts';
import type { CopyInstruction, CopySource, Written } from '../model.ts';
import { fault, spanOf } from './blame.ts';
import { type FlagKind, Flags } from './flags.ts';

const SHARED: Record<string, FlagKind> = { chown: 'string', chmod: 'string', link: 'bool', exclude: 'list' };
const KNOWN: Record<'copy' | 'add', Record<string, FlagKind>> = {
  copy: { ...SHARED, from: 'string', parents: 'bool' },
  add: { ...SHARED, 'keep-git-dir': 'bool', checksum: 'string', unpack: 'bool' },
};

export function parseCopy(statement: Statement, written: Written, kind: 'copy' | 'add'): CopyInstruction {
  const name = kind.toUpperCase();
  const words = listOf(statement);
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) {
    throw fault(
      statement,
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  }
  const flags = new Flags(statement, KNOWN[kind]);
  if (statement.heredocs.length > 0 && parseHeredocWord(destination.text) !== undefined) {
    throw fault(statement, `${name} cannot accept a heredoc as a destination`, destination);
  }
  const from = flags.word('from');
  if (from !== undefined && hasVariables(flags.string('from') ?? '')) {
    throw fault(
      statement,
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
      from,
    );
  }
  return {
    ...written,
    kind,
    sources: words.slice(0, -1).map((word) => sourceOf(statement, word)),
    destination: destination.text,
    from: flags.string('from'),
    fromSpan: from === undefined ? undefined : spanOf(statement, from),
    chown: flags.string('chown'),
    chmod: flags.string('chmod'),
    link: flags.bool('link') ?? false,
    parents: flags.bool('parents') ?? false,
    exclude: flags.list('exclude').map(({ value }) => value),
    checksum: flags.string('checksum'),
    keepGitDir: flags.bool('keep-git-dir') ?? false,
    unpack: flags.bool('unpack'),
  };
}

/** The arguments of COPY, ADD and VOLUME: a JSON array, or words between blanks. */
export function listOf(statement: Statement): Word[] {
  const array = parseJsonForm(statement.rest);
  if (array === 'mixed') throw fault(statement, MIXED_JSON);
  if (array === undefined) return splitBlanks(statement.rest, statement.restAt);
  return array.map((text) => ({ text, at: statement.restAt }));
}

function sourceOf(statement: Statement, word: Word): CopySource {
  const wished = statement.heredocs.length === 0 ? undefined : parseHeredocWord(word.text);
  const heredoc = statement.heredocs.findLast(({ name }) => name === wished?.name);
  if (heredoc !== undefined) return { kind: 'inline', heredoc };
  return { kind: 'path', path: word.text, span: spanOf(statement, word) };
}

function hasVariables(text: string): boolean {
  return /\$[^$]/.test(text);
}
