import { goJson } from './json.ts';
import { printValue } from './print.ts';
import { goSprintf } from './printf.ts';
import {
  ANY,
  BOOL,
  compareBytes,
  element,
  type GoType,
  goValue,
  INT,
  indirect,
  isTrue,
  STRING,
  STRING_SLICE,
  type Typed,
  type Value,
  zero,
} from './value.ts';

/** A function that templates may call. A thrown Error's message follows `error calling NAME: `. */
export interface GoFunction {
  params: readonly GoType[];
  /** The last parameter may be given any number of times, also none. */
  variadic?: boolean;
  call: (...args: Value[]) => Value;
}

const REFLECT: GoType = { kind: 'interface', name: 'reflect.Value' };

const text = (value: Value): string => String(value?.v ?? '');
const string = (v: string): Value => ({ type: STRING, v });
const bool = (v: boolean): Value => ({ type: BOOL, v });

/** What text/template has by itself. */
const BUILTINS: Record<string, GoFunction> = {
  and: { params: [REFLECT, REFLECT], variadic: true, call: (value) => value },
  or: { params: [REFLECT, REFLECT], variadic: true, call: (value) => value },
  not: { params: [REFLECT], call: (value) => bool(!isTrue(value)) },
  call: { params: [REFLECT, REFLECT], variadic: true, call: callFunction },
  len: { params: [REFLECT], call: lengthOf },
  index: { params: [REFLECT, REFLECT], variadic: true, call: indexOf },
  slice: { params: [REFLECT, REFLECT], variadic: true, call: sliceOfValue },
  print: { params: [ANY], variadic: true, call: (...args) => string(sprint(args)) },
  println: { params: [ANY], variadic: true, call: (...args) => string(`${args.map(show).join(' ')}\n`) },
  printf: { params: [STRING, ANY], variadic: true, call: (format, ...args) => string(goSprintf(text(format), args)) },
  html: { params: [ANY], variadic: true, call: (...args) => string(escapeHtml(escapeArgs(args))) },
  js: { params: [ANY], variadic: true, call: (...args) => string(escapeJs(escapeArgs(args))) },
  urlquery: { params: [ANY], variadic: true, call: (...args) => string(escapeQuery(escapeArgs(args))) },
  eq: { params: [REFLECT, REFLECT], variadic: true, call: (a, ...rest) => bool(equalsAny(a, rest)) },
  ne: { params: [REFLECT, REFLECT], call: (a, b) => bool(!equalsAny(a, [b])) },
  lt: { params: [REFLECT, REFLECT], call: (a, b) => bool(compare(a, b) < 0) },
  le: { params: [REFLECT, REFLECT], call: (a, b) => bool(compare(a, b) <= 0) },
  gt: { params: [REFLECT, REFLECT], call: (a, b) => bool(compare(a, b) > 0) },
  ge: { params: [REFLECT, REFLECT], call: (a, b) => bool(compare(a, b) >= 0) },
};

/** Docker's own. */
const DOCKER: Record<string, GoFunction> = {
  json: { params: [ANY], call: (value) => string(goJson(value, false)) },
  split: { params: [STRING, STRING], call: (value, by) => goValue(split(text(value), text(by))) },
  join: {
    params: [STRING_SLICE, STRING],
    call: (list, by) => string(((list?.v as string[] | null) ?? []).join(text(by))),
  },
  title: { params: [STRING], call: (value) => string(title(text(value))) },
  lower: { params: [STRING], call: (value) => string(text(value).toLowerCase()) },
  upper: { params: [STRING], call: (value) => string(text(value).toUpperCase()) },
  pad: {
    params: [STRING, INT, INT],
    call: (value, before, after) => string(pad(text(value), Number(before?.v), Number(after?.v))),
  },
  truncate: { params: [STRING, INT], call: (value, length) => string(truncate(text(value), Number(length?.v))) },
};

/** Functions of templates that print objects. */
export const TEMPLATE_FUNCTIONS: Readonly<Record<string, GoFunction>> = { ...BUILTINS, ...DOCKER };

const unchanged: GoFunction = { params: [STRING], call: (value) => value };
const unchangedWith = (argument: GoType): GoFunction => ({ params: [STRING, argument], call: (value) => value });

/** The same for the heading of a table: names stay as they are, padding still applies. */
export const HEADER_FUNCTIONS: Readonly<Record<string, GoFunction>> = {
  ...TEMPLATE_FUNCTIONS,
  json: unchanged,
  split: unchangedWith(STRING),
  join: unchangedWith(STRING),
  title: unchanged,
  lower: unchanged,
  upper: unchanged,
  truncate: unchangedWith(INT),
};

function split(value: string, by: string): string[] {
  return by === '' ? [...value] : value.split(by);
}

/** Go's strings.Title: a letter begins a word after the start, white space and ASCII that is no letter, digit or `_`. */
function title(value: string): string {
  return value.replace(/(^|\s|[!-/:-@[-^`{-~])(\p{L})/gu, (_all, before: string, letter: string) => {
    return before + letter.toUpperCase();
  });
}

function pad(value: string, before: number, after: number): string {
  if (value === '') return '';
  if (before < 0 || after < 0) throw new Error('strings: negative Repeat count');
  return ' '.repeat(before) + value + ' '.repeat(after);
}

function truncate(value: string, length: number): string {
  const bytes = Buffer.from(value);
  if (bytes.length < length) return value;
  if (length < 0) throw new Error(`runtime error: slice bounds out of range [:${length}]`);
  return bytes.subarray(0, length).toString('utf8');
}

function show(value: Value): string {
  return printValue(value);
}

/** fmt.Sprint: a space between two operands that are both no strings. */
function sprint(args: Value[]): string {
  let out = '';
  args.forEach((arg, i) => {
    const previous = args[i - 1];
    if (i > 0 && arg?.type.kind !== 'string' && previous?.type.kind !== 'string') out += ' ';
    out += show(arg);
  });
  return out;
}

function escapeArgs(args: Value[]): string {
  const [only] = args;
  if (args.length === 1 && only?.type.kind === 'string') return String(only.v);
  return sprint(args.map((arg) => (arg ? indirect(arg).value : { type: STRING, v: '<no value>' })));
}

const HTML: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '\0': '\ufffd',
};

function escapeHtml(value: string): string {
  return value.replace(/[&<>"'\0]/g, (char) => HTML[char] ?? char);
}

const JS: Record<string, string> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

function escapeJs(value: string): string {
  return value.replace(/[\\'"<>&=]|\p{Cc}|\P{ASCII}/gu, (char) => {
    if (JS[char]) return JS[char];
    if (/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char) && char > '\x7f') return char;
    return `\\u${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

function escapeQuery(value: string): string {
  return encodeURIComponent(value.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+');
}

function callFunction(value: Value): Value {
  if (!value) throw new Error('call of nil');
  throw new Error(`non-function ${printValue(value)} of type ${value.type.name}`);
}

function lengthOf(value: Value): Value {
  if (!value) throw new Error('reflect: call of reflect.Value.Type on zero Value');
  const { value: item, isNil } = indirect(value);
  if (isNil) throw new Error('len of nil pointer');
  if (item.type.kind === 'string') return { type: INT, v: Buffer.byteLength(String(item.v)) };
  if (item.type.kind === 'slice') return { type: INT, v: Array.isArray(item.v) ? item.v.length : 0 };
  if (item.type.kind === 'map') return { type: INT, v: Object.keys((item.v as object | null) ?? {}).length };
  throw new Error(`len of type ${item.type.name}`);
}

function indexOf(value: Value, ...indexes: Value[]): Value {
  if (!value) throw new Error('index of untyped nil');
  let item: Value = value;
  for (const index of indexes) {
    const inner = item ? indirect(item) : undefined;
    if (!inner || inner.isNil) throw new Error('index of nil pointer');
    item = indexOne(inner.value, index);
  }
  return item;
}

function indexOne({ type, v }: Typed, index: Value): Value {
  if (type.kind === 'slice') {
    const list = Array.isArray(v) ? v : [];
    return element(type.elem, list[position(index, list.length, 'slice')]);
  }
  if (type.kind === 'string') {
    const bytes = Buffer.from(String(v));
    return { type: { kind: 'uint', name: 'uint8' }, v: bytes[position(index, bytes.length, 'string')] };
  }
  if (type.kind === 'map') {
    if (!index) throw new Error('value is nil; should be of type string');
    if (index.type.kind !== 'string') throw new Error(`value has type ${index.type.name}; should be string`);
    const map = (v ?? {}) as Record<string, unknown>;
    const key = String(index.v);
    if (Object.hasOwn(map, key)) return element(type.elem, map[key]);
    return type.elem.kind === 'interface' ? undefined : { type: type.elem, v: zero(type.elem) };
  }
  throw new Error(`can't index item of type ${type.name}`);
}

/** An index between 0 and `max`, both included; where something must lie there, `of` says what, and `max` is too far. */
function position(index: Value, max: number, of?: 'slice' | 'string'): number {
  if (!index) throw new Error('cannot index slice/array with nil');
  if (index.type.kind !== 'int' && index.type.kind !== 'uint') {
    throw new Error(`cannot index slice/array with type ${index.type.name}`);
  }
  const at = Number(index.v);
  if (at < 0 || at > max) throw new Error(`index out of range: ${at}`);
  if (of && at === max) throw new Error(`reflect: ${of} index out of range`);
  return at;
}

function sliceOfValue(value: Value, ...indexes: Value[]): Value {
  if (!value) throw new Error('slice of untyped nil');
  if (indexes.length > 3) throw new Error(`too many slice indexes: ${indexes.length}`);
  const { value: item } = indirect(value);
  if (item.type.kind === 'string') {
    if (indexes.length === 3) throw new Error('cannot 3-index slice a string');
    const bytes = Buffer.from(String(item.v));
    return string(bytes.subarray(...bounds(indexes, bytes.length)).toString('utf8'));
  }
  if (item.type.kind !== 'slice') throw new Error(`can't slice item of type ${item.type.name}`);
  const list = Array.isArray(item.v) ? item.v : [];
  return { type: item.type, v: list.slice(...bounds(indexes, list.length)) };
}

function bounds(indexes: Value[], length: number): [number, number] {
  const places = indexes.map((index) => position(index, length));
  const from = places[0] ?? 0;
  const to = places[1] ?? length;
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  return [from, to];
}

type Basic = 'bool' | 'string' | 'int' | 'uint' | 'float' | undefined;

function basicKind(value: Value): Basic {
  const kind = value?.type.kind;
  return kind === 'bool' || kind === 'string' || kind === 'int' || kind === 'uint' || kind === 'float'
    ? kind
    : undefined;
}

function isInteger(kind: Basic): boolean {
  return kind === 'int' || kind === 'uint';
}

function isNil(value: Value): boolean {
  return !value || (['slice', 'map', 'pointer', 'context'].includes(value.type.kind) && (value.v ?? null) === null);
}

function equalsAny(a: Value, rest: Value[]): boolean {
  if (rest.length === 0) throw new Error('missing argument for comparison');
  return rest.some((b) => equals(a, b));
}

function equals(a: Value, b: Value): boolean {
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (kindA !== kindB) {
    if (isInteger(kindA) && isInteger(kindB)) return BigInt(a?.v as number) === BigInt(b?.v as number);
    if (a && b) throw new Error('incompatible types for comparison');
    return false;
  }
  if (kindA === 'int' || kindA === 'uint') return BigInt(a?.v as number) === BigInt(b?.v as number);
  if (kindA) return a?.v === b?.v;
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b);
  throw new Error(`non-comparable type ${printValue(a)}: ${a?.type.name}`);
}

function compare(a: Value, b: Value): number {
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (!kindA || !kindB) throw new Error('invalid type for comparison');
  if (kindA !== kindB && !(isInteger(kindA) && isInteger(kindB))) throw new Error('incompatible types for comparison');
  if (kindA === 'bool') throw new Error('invalid type for comparison');
  if (kindA === 'string') return compareBytes(String(a?.v), String(b?.v));
  const difference = isInteger(kindA) ? BigInt(a?.v as number) - BigInt(b?.v as number) : Number(a?.v) - Number(b?.v);
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}
