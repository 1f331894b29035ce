import { isPrintable } from '../text.ts';

export type TokenKind =
  | 'error'
  | 'bool'
  | 'char' // any other printable ASCII character
  | 'charConstant' // 'c'
  | 'assign' // =
  | 'declare' // :=
  | 'eof'
  | 'field' // .Name
  | 'identifier'
  | 'open' // {{
  | 'leftParen'
  | 'number'
  | 'pipe'
  | 'rawString'
  | 'close' // }}
  | 'rightParen'
  | 'space'
  | 'string'
  | 'text'
  | 'variable' // $name
  | 'comma'
  | 'dot'
  | 'keyword';

export interface Token {
  kind: TokenKind;
  /** Text as written; for `error` the message. */
  text: string;
  /** Offset in the template. */
  at: number;
  line: number;
}

const KEYWORDS = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'nil',
  'template',
  'with',
]);
const SPACES = ' \t\r\n';

interface Lexer {
  input: string;
  at: number;
  line: number;
  parens: number;
  tokens: Token[];
}

/** Splits a template into tokens by Go's text/template rules; the last is `eof` or `error`. */
export function lex(input: string): Token[] {
  const lexer: Lexer = { input, at: 0, line: 1, parens: 0, tokens: [] };
  while (lexText(lexer)) {
    if (!lexAction(lexer)) break;
  }
  return lexer.tokens;
}

function emit(lexer: Lexer, kind: TokenKind, end: number): void {
  const text = lexer.input.slice(lexer.at, end);
  lexer.tokens.push({ kind, text, at: lexer.at, line: lexer.line });
  skip(lexer, end);
}

function skip(lexer: Lexer, end: number): void {
  for (let i = lexer.at; i < end; i++) if (lexer.input[i] === '\n') lexer.line++;
  lexer.at = end;
}

function fail(lexer: Lexer, message: string): false {
  lexer.tokens.push({ kind: 'error', text: message, at: lexer.at, line: lexer.line });
  return false;
}

/** Text up to the next action; false at the end. */
function lexText(lexer: Lexer): boolean {
  const { input } = lexer;
  for (;;) {
    const open = input.indexOf('{{', lexer.at);
    const stop = open < 0 ? input.length : open;
    const trimRight = open >= 0 && input[open + 2] === '-' && SPACES.includes(input[open + 3] ?? 'x');
    let end = stop;
    if (trimRight) while (end > lexer.at && SPACES.includes(input[end - 1] ?? '')) end--;
    if (end > lexer.at) emit(lexer, 'text', end);
    skip(lexer, stop);
    if (open < 0) {
      lexer.tokens.push({ kind: 'eof', text: '', at: lexer.at, line: lexer.line });
      return false;
    }
    const body = open + 2 + (trimRight ? 2 : 0);
    if (!input.startsWith('/*', body)) {
      emit(lexer, 'open', open + 2);
      if (trimRight) skip(lexer, body);
      lexer.parens = 0;
      return true;
    }
    const close = input.indexOf('*/', body);
    if (close < 0) return fail(lexer, 'unclosed comment');
    const delimiter = closing(input, close + 2);
    if (!delimiter) return fail(lexer, 'comment ends before closing delimiter');
    skip(lexer, delimiter.end);
    if (delimiter.trim) skipSpaces(lexer);
  }
}

/** A closing delimiter, with or without trim marker, at this place. */
function closing(input: string, at: number): { start: number; end: number; trim: boolean } | undefined {
  if (SPACES.includes(input[at] ?? 'x') && input[at + 1] === '-' && input.startsWith('}}', at + 2)) {
    return { start: at + 2, end: at + 4, trim: true };
  }
  return input.startsWith('}}', at) ? { start: at, end: at + 2, trim: false } : undefined;
}

function skipSpaces(lexer: Lexer): void {
  let end = lexer.at;
  while (end < lexer.input.length && SPACES.includes(lexer.input[end] ?? '')) end++;
  skip(lexer, end);
}

/** The inside of an action, its closing delimiter included; false after an error. */
function lexAction(lexer: Lexer): boolean {
  for (;;) {
    const { input, at } = lexer;
    const delimiter = closing(input, at);
    if (delimiter) {
      if (lexer.parens > 0) return fail(lexer, 'unclosed left paren');
      skip(lexer, delimiter.start);
      emit(lexer, 'close', delimiter.end);
      if (delimiter.trim) skipSpaces(lexer);
      return true;
    }
    if (at >= input.length) return fail(lexer, 'unclosed action');
    if (!lexToken(lexer)) return false;
  }
}

function lexToken(lexer: Lexer): boolean {
  const { input, at } = lexer;
  const char = String.fromCodePoint(input.codePointAt(at) ?? 0);
  const next = input[at + 1] ?? '';
  if (SPACES.includes(char)) {
    let end = at;
    while (end < input.length && SPACES.includes(input[end] ?? '') && !closing(input, end)) end++;
    emit(lexer, 'space', end);
    return true;
  }
  if (char === '=') return one(lexer, 'assign', 1);
  if (char === ':') return next === '=' ? one(lexer, 'declare', 2) : fail(lexer, 'expected :=');
  if (char === '|') return one(lexer, 'pipe', 1);
  if (char === '"') return lexQuoted(lexer, '"', 'string', 'unterminated quoted string');
  if (char === '`') return lexRaw(lexer);
  if (char === "'") return lexQuoted(lexer, "'", 'charConstant', 'unterminated character constant');
  if (char === '$') return lexName(lexer, 'variable');
  if (char === '.' && !(next >= '0' && next <= '9')) return lexName(lexer, 'field');
  if (char === '.' || char === '+' || char === '-' || (char >= '0' && char <= '9')) return lexNumber(lexer);
  if (isWordChar(char)) return lexWord(lexer);
  if (char === '(') {
    lexer.parens++;
    return one(lexer, 'leftParen', 1);
  }
  if (char === ')') {
    if (--lexer.parens < 0) return fail(lexer, 'unexpected right paren');
    return one(lexer, 'rightParen', 1);
  }
  if (char <= '\x7f' && isPrintable(char)) return one(lexer, char === ',' ? 'comma' : 'char', 1);
  return fail(lexer, `unrecognized character in action: ${unicode(char)}`);
}

function one(lexer: Lexer, kind: TokenKind, length: number): true {
  emit(lexer, kind, lexer.at + length);
  return true;
}

function lexQuoted(lexer: Lexer, end: string, kind: TokenKind, message: string): boolean {
  const { input } = lexer;
  for (let i = lexer.at + 1; i < input.length && input[i] !== '\n'; i++) {
    if (input[i] === '\\' && input[i + 1] !== '\n') i++;
    else if (input[i] === end) {
      emit(lexer, kind, i + 1);
      return true;
    }
  }
  return fail(lexer, message);
}

function lexRaw(lexer: Lexer): boolean {
  const end = lexer.input.indexOf('`', lexer.at + 1);
  if (end < 0) return fail(lexer, 'unterminated raw quoted string');
  emit(lexer, 'rawString', end + 1);
  return true;
}

/** `.Name` or `$name`; a lone `.` is the dot, a lone `$` the root. */
function lexName(lexer: Lexer, kind: 'field' | 'variable'): boolean {
  let end = lexer.at + 1;
  while (isWordChar(runeAt(lexer.input, end))) end += runeAt(lexer.input, end).length;
  if (!atTerminator(lexer.input, end)) return fail(lexer, `bad character ${unicode(runeAt(lexer.input, end))}`);
  emit(lexer, kind === 'field' && end === lexer.at + 1 ? 'dot' : kind, end);
  return true;
}

function lexWord(lexer: Lexer): boolean {
  let end = lexer.at;
  while (isWordChar(runeAt(lexer.input, end))) end += runeAt(lexer.input, end).length;
  if (!atTerminator(lexer.input, end)) return fail(lexer, `bad character ${unicode(runeAt(lexer.input, end))}`);
  const word = lexer.input.slice(lexer.at, end);
  emit(lexer, KEYWORDS.has(word) ? 'keyword' : word === 'true' || word === 'false' ? 'bool' : 'identifier', end);
  return true;
}

function lexNumber(lexer: Lexer): boolean {
  const match =
    /[+-]?(0[xX][0-9a-fA-F_]*(\.[0-9a-fA-F_]*)?([pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(\.[0-9_]*)?([eE][+-]?[0-9_]*)?)i?/y;
  match.lastIndex = lexer.at;
  const text = match.exec(lexer.input)?.[0] ?? '';
  const end = lexer.at + text.length;
  if (isWordChar(runeAt(lexer.input, end))) {
    return fail(lexer, `bad number syntax: ${JSON.stringify(lexer.input.slice(lexer.at, end + 1))}`);
  }
  emit(lexer, 'number', end);
  return true;
}

function runeAt(input: string, at: number): string {
  const code = input.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

function isWordChar(char: string): boolean {
  return char !== '' && /^[\p{L}\p{Nd}_]$/u.test(char);
}

/** What may follow a name: it keeps `.X.Y` together and `.X"y"` apart. */
function atTerminator(input: string, at: number): boolean {
  const char = runeAt(input, at);
  return char === '' || SPACES.includes(char) || '.,|:)('.includes(char) || input.startsWith('}}', at);
}

function unicode(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}${isPrintable(char) ? ` '${char}'` : ''}`;
}
