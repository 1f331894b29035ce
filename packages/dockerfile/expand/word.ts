import { BerthError } from '@berth/kit';
import { ExpansionFault } from './fault.ts';
import { expandParameter } from './parameter.ts';
import { Reader } from './reader.ts';
import { WordList } from './word-list.ts';

/** Looks a variable up: its value, or undefined when it is not set. */
export type Variables = (name: string) => string | undefined;

export interface ExpandOptions {
  /** `\`, or what the directive `escape` says. */
  escape: string;
  /** Keep quotes in the result. */
  keepQuotes?: boolean;
  /** Keep escape characters in the result. */
  keepEscapes?: boolean;
  /** Quotes are ordinary characters: bodies of here-documents. */
  quotesAreText?: boolean;
  /** Leave what is not set as it is written. */
  keepUnset?: boolean;
}

export interface Expansion {
  text: string;
  /** The result split at spaces that were not quoted; spaces that came out of variables split too. */
  words: string[];
  /** Names that were looked up and set. */
  found: Set<string>;
  /** Names that were looked up and not set. */
  missing: Set<string>;
}

/** UTF-16 units that one expansion may make: variables that double each other must end somewhere. */
export const EXPANSION_LIMIT = 1 << 20;
const NESTING_LIMIT = 200;

/**
 * Replaces `$name` and `${name…}` and removes quotes and escapes as a shell would. Throws `invalid` with Docker's
 * sentence, without the place: the caller knows it.
 */
export function expandWord(word: string, variables: Variables, options: ExpandOptions): Expansion {
  const expander = new Expander(word, variables, options);
  try {
    const { text, words } = expander.until('', options.keepEscapes ?? false);
    return { text, words, found: expander.found, missing: expander.missing };
  } catch (error) {
    if (!(error instanceof ExpansionFault)) throw error;
    const shown = word.length > 200 ? `${word.slice(0, 200)}…` : word;
    throw new BerthError('invalid', `failed to process ${JSON.stringify(shown)}: ${error.message}`);
  }
}

/** One run over one word. */
export class Expander {
  readonly reader: Reader;
  readonly options: ExpandOptions;
  readonly found = new Set<string>();
  readonly missing = new Set<string>();
  readonly #variables: Variables;
  #made = 0;
  #depth = 0;

  constructor(word: string, variables: Variables, options: ExpandOptions) {
    this.reader = new Reader(word);
    this.options = options;
    this.#variables = variables;
  }

  lookUp(name: string): string | undefined {
    const value = this.#variables(name);
    (value === undefined ? this.missing : this.found).add(name);
    return value;
  }

  /** Reads up to the character `stop` and over it; `''` reads everything. */
  until(stop: string, keepEscapes: boolean): { text: string; words: string[] } {
    if (++this.#depth > NESTING_LIMIT) throw new ExpansionFault('substitutions are nested too deeply', true);
    const words = new WordList();
    const { reader, options } = this;
    let text = '';
    for (let char = reader.peek(); char !== undefined; char = reader.peek()) {
      if (char === stop) {
        reader.next();
        this.#depth--;
        return { text, words: words.end() };
      }
      let piece: string;
      if (char === '$') {
        piece = this.#count(expandParameter(this));
        words.addSplitting(piece);
      } else if (!options.quotesAreText && (char === "'" || char === '"')) {
        piece = char === "'" ? this.#singleQuoted() : this.#doubleQuoted(keepEscapes);
        words.addWhole(piece);
      } else {
        piece = this.#plain(words, keepEscapes);
      }
      text += piece;
    }
    if (stop !== '') throw new ExpansionFault(`unexpected end of statement while looking for matching ${stop}`);
    this.#depth--;
    return { text, words: words.end() };
  }

  /** One character, or an escape and what it protects. */
  #plain(words: WordList, keepEscapes: boolean): string {
    const char = this.reader.next() ?? '';
    if (char !== this.options.escape) {
      words.addSplitting(char);
      return char;
    }
    const kept = keepEscapes ? char : '';
    if (kept !== '') words.addWhole(kept);
    const protectedChar = this.reader.next();
    if (protectedChar === undefined) return kept;
    words.addWhole(protectedChar);
    return kept + protectedChar;
  }

  #singleQuoted(): string {
    const quote = this.options.keepQuotes ? "'" : '';
    this.reader.next();
    const inside = this.reader.upTo("'");
    if (inside === undefined) {
      throw new ExpansionFault('unexpected end of statement while looking for matching single-quote');
    }
    return quote + inside + quote;
  }

  #doubleQuoted(keepEscapes: boolean): string {
    const { reader, options } = this;
    const quote = options.keepQuotes ? '"' : '';
    reader.next();
    let text = quote;
    for (let char = reader.peek(); char !== undefined; char = reader.peek()) {
      if (char === '"') {
        reader.next();
        return text + quote;
      }
      if (char === '$') {
        text += this.#count(expandParameter(this));
        continue;
      }
      reader.next();
      if (char !== options.escape) {
        text += char;
        continue;
      }
      if (keepEscapes) text += char;
      const next = reader.peek();
      if (next === undefined) continue;
      text += next === '"' || next === '$' || next === options.escape ? reader.next() : char;
    }
    throw new ExpansionFault('unexpected end of statement while looking for matching double-quote');
  }

  #count(piece: string): string {
    this.#made += piece.length;
    if (this.#made > EXPANSION_LIMIT)
      throw new ExpansionFault(`the result is longer than ${EXPANSION_LIMIT} characters`, true);
    return piece;
  }
}
