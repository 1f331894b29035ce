import { BerthError } from '@berth/kit';
import { TAG_FUNCTIONS, type TagValue, truth } from './tag-functions.ts';

/** A tag template that was parsed: gives the text for one container. */
export type Tag = (fields: Record<string, TagValue>) => string;

type Expression = (fields: Record<string, TagValue>) => TagValue;
type Node = { text: string } | { value: Expression } | { condition: Expression; yes: Node[]; otherwise: Node[] };

const MAX_LENGTH = 4096;

/**
 * The part of Go's templates that log tags are made of: fields, literals, calls of Docker's functions with arguments and
 * pipes, `index`, `if`/`else`/`end`, comments, trimming. `docs/guide/logs.md` lists it.
 * Errors: invalid, naming what is not understood; the tag functions throw it too, for wrong arguments.
 */
export function parseTag(source: string): Tag {
  if (source.length > MAX_LENGTH) throw wrong(`it is longer than ${MAX_LENGTH} characters`);
  const parts = splitActions(source);
  const nodes = parseNodes(parts, 'the end');
  return (fields) => run(nodes, fields);
}

function run(nodes: readonly Node[], fields: Record<string, TagValue>): string {
  let out = '';
  for (const node of nodes) {
    if ('text' in node) out += node.text;
    else if ('value' in node) out += print(node.value(fields));
    else out += run(truth(node.condition(fields)) ? node.yes : node.otherwise, fields);
  }
  return out;
}

function print(value: TagValue): string {
  if (Array.isArray(value)) return `[${value.join(' ')}]`;
  if (typeof value === 'object')
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${value[key]}`)
      .join(' ')}]`;
  return String(value);
}

/** Text and actions by turns, beginning with text; `{{-` and `-}}` have eaten the white space around them. */
function splitActions(source: string): { text: string; action: string | undefined }[] {
  const parts: { text: string; action: string | undefined }[] = [];
  let at = 0;
  let trim = false;
  for (;;) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open < 0 ? source.length : open);
    if (trim) text = text.trimStart();
    if (open < 0) {
      parts.push({ text, action: undefined });
      return parts;
    }
    const close = closing(source, open + 2);
    let action = source.slice(open + 2, close);
    if (/^-\s/.test(action)) {
      text = text.trimEnd();
      action = action.slice(1);
    }
    trim = /\s-$/.test(action);
    if (trim) action = action.slice(0, -1);
    parts.push({ text, action: action.trim() });
    at = close + 2;
  }
}

/** Where `}}` is that no literal hides. */
function closing(source: string, from: number): number {
  const literal = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|\}\}/g;
  literal.lastIndex = from;
  for (let match = literal.exec(source); match; match = literal.exec(source)) if (match[0] === '}}') return match.index;
  throw wrong('an action is not closed');
}

/** Takes parts up to the `else` or `end` of the enclosing `if`, which it leaves as the first part's action. */
function parseNodes(parts: { text: string; action: string | undefined }[], until: 'the end' | 'end'): Node[] {
  const nodes: Node[] = [];
  for (;;) {
    const part = parts[0];
    if (!part) return nodes;
    if (part.text !== '') nodes.push({ text: part.text });
    part.text = '';
    const { action } = part;
    if (action === undefined) {
      if (until === 'end') throw wrong('an if has no end');
      return nodes;
    }
    if (action === 'end' || action === 'else') {
      if (until === 'the end') throw wrong(`unexpected {{${action}}}`);
      return nodes;
    }
    parts.shift();
    if (/^\/\*.*\*\/$/s.test(action)) continue;
    const condition = /^if\s+(.+)$/s.exec(action)?.[1];
    nodes.push(condition === undefined ? { value: parsePipe(action) } : parseIf(condition, parts));
  }
}

function parseIf(condition: string, parts: { text: string; action: string | undefined }[]): Node {
  const node = { condition: parsePipe(condition), yes: parseNodes(parts, 'end'), otherwise: [] as Node[] };
  if (parts.shift()?.action === 'else') {
    node.otherwise = parseNodes(parts, 'end');
    if (parts.shift()?.action !== 'end') throw wrong('an else has no end');
  }
  return node;
}

const TOKEN = /\s*(?:("(?:[^"\\\n]|\\.)*"|`[^`]*`)|(-?\d+)|((?:\.[A-Za-z_]\w*)+)|([A-Za-z_]\w*)|([|()]))/y;

function parsePipe(source: string): Expression {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw wrong(`unexpected "${source.slice(at).trim()}"`);
    tokens.push(match[0].trim());
  }
  const value = pipeOf(tokens);
  if (tokens.length > 0) throw wrong(`unexpected "${tokens[0]}"`);
  return value;
}

/** Takes tokens up to a closing parenthesis or the end. */
function pipeOf(tokens: string[]): Expression {
  let value: Expression | undefined;
  do {
    value = commandOf(tokens, value);
  } while (tokens[0] === '|' && tokens.shift());
  return value;
}

function commandOf(tokens: string[], piped: Expression | undefined): Expression {
  const operands: Expression[] = [];
  const name = tokens[0];
  const isCall = name !== undefined && /^[A-Za-z_]/.test(name) && name !== 'true' && name !== 'false';
  if (isCall) tokens.shift();
  while (tokens[0] !== undefined && tokens[0] !== '|' && tokens[0] !== ')') operands.push(operandOf(tokens));
  if (piped) operands.push(piped);
  if (isCall) {
    const call = Object.hasOwn(TAG_FUNCTIONS, name) ? TAG_FUNCTIONS[name] : undefined;
    if (!call) throw wrong(`function "${name}" not defined`);
    return (fields) => call(...operands.map((operand) => operand(fields)));
  }
  const [only] = operands;
  if (!only || operands.length > 1) throw wrong('a value cannot be given arguments');
  return only;
}

function operandOf(tokens: string[]): Expression {
  const token = tokens.shift()!;
  if (token === '(') {
    const inner = pipeOf(tokens);
    if (tokens.shift() !== ')') throw wrong('unclosed left parenthesis');
    return inner;
  }
  if (token.startsWith('.')) return fieldOf(token);
  if (token === 'true' || token === 'false') return () => token === 'true';
  if (token.startsWith('`')) return () => token.slice(1, -1);
  if (token.startsWith('"')) {
    const text = unquote(token);
    return () => text;
  }
  if (/^-?\d/.test(token)) return () => Number(token);
  throw wrong(`unexpected "${token}"`);
}

function fieldOf(token: string): Expression {
  const [name = '', ...more] = token.slice(1).split('.');
  return (fields) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (value === undefined) throw wrong(`can't evaluate field ${name}`);
    return more.reduce<TagValue>((inner, key) => {
      if (typeof inner !== 'object' || Array.isArray(inner)) throw wrong(`can't evaluate field ${key}`);
      return Object.hasOwn(inner, key) ? inner[key]! : '<no value>';
    }, value);
  };
}

function unquote(token: string): string {
  try {
    return String(JSON.parse(token));
  } catch (cause) {
    throw new BerthError('invalid', `invalid log tag: ${token} is not a string literal`, { cause });
  }
}

function wrong(what: string): BerthError {
  return new BerthError('invalid', `invalid log tag: template: log-tag: ${what}`);
}
