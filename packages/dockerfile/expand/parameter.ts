import { ExpansionFault } from './fault.ts';
import type { ShellPattern } from './glob.ts';
import { type Budget, matchLength, PATTERN_BUDGET, PatternTooCostly, parseShellPattern, reversed } from './glob.ts';
import type { Expander } from './word.ts';

const SPECIAL = new Set(['@', '*', '#', '?', '-', '$', '!', '0']);
const DIGIT = /^\p{Nd}$/u;
const NAME = /^[\p{L}\p{Nd}_]$/u;

/** Reads what begins with `$` and answers its value. */
export function expandParameter(expander: Expander): string {
  const { reader, options } = expander;
  reader.next();
  if (reader.peek() !== '{') {
    const name = readName(expander);
    if (name === '') return '$';
    return expander.lookUp(name) ?? (options.keepUnset ? `$${name}` : '');
  }
  reader.next();
  const first = reader.peek();
  if (first === undefined) throw new ExpansionFault("syntax error: missing '}'");
  if (first === '{' || first === '}' || first === ':') throw new ExpansionFault('syntax error: bad substitution');
  const name = readName(expander);
  const sign = reader.next();
  if (sign === '}') return expander.lookUp(name) ?? (options.keepUnset ? `\${${name}}` : '');
  if (sign === '/') return replaced(expander, name);
  return modified(expander, name, sign ?? '');
}

/** `${name:-w}`, `${name+w}`, `${name##p}` and so on; `sign` is what follows the name. */
function modified(expander: Expander, name: string, sign: string): string {
  const colon = sign === ':';
  const operator = colon ? (expander.reader.next() ?? '') : sign;
  const written = colon ? `:${operator}` : operator;
  if (!colon && !'+-?#%'.includes(operator || 'x')) {
    throw new ExpansionFault(
      operator === '' ? "syntax error: missing '}'" : `unsupported modifier (${written}) in substitution`,
    );
  }
  const word = inner(expander, '}', operator === '#' || operator === '%', "syntax error: missing '}'");
  const value = expander.lookUp(name);
  if (value === undefined && expander.options.keepUnset) return `\${${name}${written}${word}}`;
  const absent = value === undefined || (colon && value === '');
  switch (operator) {
    case '-':
      return absent ? word : value;
    case '+':
      return absent ? '' : word;
    case '?':
      if (!absent) return value;
      throw new ExpansionFault(
        `${name}: ${word || (value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty')}`,
      );
    case '#':
    case '%':
      return trimmed(word, value ?? '', operator);
    default:
      throw new ExpansionFault(`unsupported modifier (${written}) in substitution`);
  }
}

/** Cuts what the pattern matches off one end; a doubled operator takes the longest match. */
function trimmed(word: string, value: string, operator: '#' | '%'): string {
  const most = word.startsWith(operator);
  const pattern = patternOf(most ? word.slice(1) : word);
  const chars = operator === '#' ? [...value] : [...value].reverse();
  const length = measured(operator === '#' ? pattern : reversed(pattern), chars, 0, most, { steps: PATTERN_BUDGET });
  if (length === undefined) return value;
  const rest = chars.slice(length);
  return (operator === '#' ? rest : rest.reverse()).join('');
}

/** `${name/p/r}` and `${name//p/r}`. */
function replaced(expander: Expander, name: string): string {
  const { reader } = expander;
  const every = reader.peek() === '/';
  if (every) reader.next();
  const word = inner(expander, '/', true, "syntax error: missing '/' in ${}");
  const replacement = inner(expander, '}', true, "syntax error: missing '}'");
  const value = expander.lookUp(name);
  if (value === undefined && expander.options.keepUnset) return `\${${name}/${word}/${replacement}}`;
  const pattern = patternOf(word);
  const budget = { steps: PATTERN_BUDGET };
  const chars = [...(value ?? '')];
  let result = '';
  let last = -1;
  for (let at = 0; at <= chars.length; ) {
    const length = measured(pattern, chars, at, true, budget);
    if (length !== undefined && !(length === 0 && at === last)) {
      result += replacement;
      if (!every) return result + chars.slice(at + length).join('');
      last = at + length;
    }
    if (length === undefined || length === 0) {
      result += chars[at] ?? '';
      at++;
    } else at += length;
  }
  return result;
}

function measured(pattern: ShellPattern, chars: string[], at: number, most: boolean, budget: Budget) {
  try {
    return matchLength(pattern, chars, at, most, budget);
  } catch (error) {
    if (error instanceof PatternTooCostly)
      throw new ExpansionFault('the pattern of a substitution takes too long', true);
    throw error;
  }
}

function patternOf(word: string): ShellPattern {
  const pattern = parseShellPattern(word);
  if ('parts' in pattern) return pattern;
  throw new ExpansionFault(`invalid pattern (${word}) in substitution: invalid escape '\\${pattern.badEscape}'`);
}

/** The word inside of the braces; an end that is missing gets the sentence of the braces. */
function inner(expander: Expander, stop: string, keepEscapes: boolean, missing: string): string {
  try {
    return expander.until(stop, keepEscapes).text;
  } catch (error) {
    if (error instanceof ExpansionFault && !error.bound && expander.reader.peek() === undefined)
      throw new ExpansionFault(missing);
    throw error;
  }
}

/** A name, a number or one special character; `''` when none follows. */
function readName({ reader }: Expander): string {
  const first = reader.peek();
  if (first === undefined) return '';
  if (SPECIAL.has(first) && first !== '0') return reader.next() ?? '';
  const allowed = DIGIT.test(first) ? DIGIT : NAME;
  let name = '';
  for (let char: string | undefined = first; char !== undefined && allowed.test(char); char = reader.peek()) {
    name += reader.next();
  }
  return name;
}
