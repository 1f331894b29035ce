import { isSpace } from '../expand/reader.ts';

/** A word and where it begins, as an offset in the text that it was read from. */
export interface Word {
  text: string;
  at: number;
}

/** Splits at blanks, as FROM, EXPOSE and the plain form of COPY do: quotes mean nothing. */
export function splitBlanks(text: string, offset = 0): Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(/[^\t\v\f\r ]+/g)) words.push({ text: match[0], at: offset + match.index });
  return words;
}

/** Splits at spaces outside of quotes, as ENV, LABEL and ARG do. Quotes and escapes stay: expansion removes them. */
export function splitQuoted(text: string, escapeChar: string, offset = 0): Word[] {
  const words: Word[] = [];
  let start = -1;
  let word = '';
  let quote = '';
  const end = () => {
    if (start !== -1 && word !== '') words.push({ text: word, at: offset + start });
    start = -1;
    word = '';
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote === '' && isSpace(char)) {
      end();
      continue;
    }
    if (start === -1) start = at;
    if (char === escapeChar && quote !== "'") {
      if (at + 1 === text.length) break;
      word += char + (text[++at] ?? '');
      continue;
    }
    if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
    word += char;
  }
  end();
  return words;
}

/**
 * Takes the flags (`--name`, `--name=value`) off the front; quotes and backslashes in them are removed. `--` ends them.
 * `rest` is where the arguments begin.
 */
export function takeFlags(text: string, offset = 0): { flags: Word[]; rest: number } {
  const flags: Word[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text[at])) at++;
    if (!text.startsWith('--', at)) return { flags, rest: offset + at };
    const start = at;
    let word = '';
    let quote = '';
    for (; at < text.length && (quote !== '' || !isSpace(text[at])); at++) {
      const char = text[at] ?? '';
      if (char === '\\') word += text[++at] ?? '';
      else if (quote === '' && (char === '"' || char === "'")) quote = char;
      else if (char === quote && quote !== '') quote = '';
      else word += char;
    }
    if (word === '--') return { flags, rest: offset + at };
    flags.push({ text: word, at: offset + start });
  }
}
