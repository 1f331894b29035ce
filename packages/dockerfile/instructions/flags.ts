import type { Statement } from '../lex/statements.ts';
import type { Word } from '../lex/words.ts';
import { suggestion } from '../suggest.ts';
import { fault } from './blame.ts';

export type FlagKind = 'bool' | 'string' | 'list';

/** The flags of one statement, checked against what its instruction knows. */
export class Flags {
  readonly #values = new Map<string, { value: string; word: Word }[]>();

  /** Throws at a flag that is not in `known`, comes twice, or has no right value; Docker's sentences. */
  constructor(statement: Statement, known: Readonly<Record<string, FlagKind>> = {}) {
    for (const word of statement.flags) {
      const equals = word.text.indexOf('=');
      const name = word.text.slice(2, equals === -1 ? undefined : equals);
      const value = equals === -1 ? undefined : word.text.slice(equals + 1);
      const kind = Object.hasOwn(known, name) ? known[name] : undefined;
      if (kind === undefined) {
        throw fault(statement, `unknown flag: --${name}${suggestion(name, Object.keys(known), true)}`, word);
      }
      const earlier = this.#values.get(name);
      if (earlier !== undefined && kind !== 'list') throw fault(statement, `duplicate flag specified: --${name}`, word);
      const read = { value: readValue(statement, word, name, kind, value), word };
      if (earlier === undefined) this.#values.set(name, [read]);
      else earlier.push(read);
    }
  }

  bool(name: string): boolean | undefined {
    const value = this.string(name);
    return value === undefined ? undefined : value === 'true';
  }

  /** The value; an empty one counts as absent, as in Docker. */
  string(name: string): string | undefined {
    return this.#values.get(name)?.[0]?.value || undefined;
  }

  list(name: string): { value: string; word: Word }[] {
    return this.#values.get(name) ?? [];
  }

  word(name: string): Word | undefined {
    return this.#values.get(name)?.[0]?.word;
  }
}

function readValue(statement: Statement, word: Word, name: string, kind: FlagKind, value: string | undefined): string {
  if (kind !== 'bool') {
    if (value === undefined) throw fault(statement, `missing a value on flag: --${name}`, word);
    return value;
  }
  if (value === '') throw fault(statement, `missing a value on flag: --${name}`, word);
  const said = value?.toLowerCase() ?? 'true';
  if (said === 'true' || said === 'false') return said;
  throw fault(statement, `expecting boolean value for flag --${name}, not: ${value}`, word);
}
