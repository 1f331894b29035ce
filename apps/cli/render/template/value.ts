/**
 * Go values for templates: a JavaScript value and the Go type it stands for. Structs are objects as they come over the
 * wire (keys are the JSON names), maps are objects, slices are arrays, integers are numbers or bigints.
 */
export interface Typed {
  type: GoType;
  v: unknown;
}

/** undefined is Go's invalid reflect.Value: a missing map entry or an untyped nil; it prints as `<no value>`. */
export type Value = Typed | undefined;

export type GoType = ScalarType | SequenceType | MapType | StructType | PointerType | ContextType;

interface Named {
  /** As Go's `%T` prints it. */
  name: string;
  /** What a named slice or map is made of; it may stand where that is wanted. */
  underlying?: string;
  /** The type's String method, where it has one. */
  stringer?: (v: unknown) => string;
  /** The type's MarshalJSON method, where it has one. */
  marshal?: (v: unknown) => string;
  /** Methods that a template may call as fields. */
  methods?: Readonly<Record<string, Method>>;
}

export interface ScalarType extends Named {
  kind: 'bool' | 'string' | 'int' | 'uint' | 'float' | 'interface';
}

export interface SequenceType extends Named {
  kind: 'slice';
  /** An array's fixed length. */
  length?: number;
  elem: GoType;
}

export interface MapType extends Named {
  kind: 'map';
  elem: GoType;
}

export interface StructType extends Named {
  kind: 'struct';
  fields: readonly StructField[];
}

export interface StructField {
  name: string;
  /** Key on the wire; undefined: never marshalled. */
  json: string | undefined;
  omitEmpty: boolean;
  type: GoType;
  /** Fields of an embedded struct are found as fields of the outer one, and lie beside them on the wire. */
  embedded: boolean;
}

export interface PointerType extends Named {
  kind: 'pointer';
  elem: GoType;
}

/** A row of one of Docker's formatters: nothing but methods. `v` is the row; JSON holds what methods without arguments give. */
export interface ContextType extends Named {
  kind: 'context';
  methods: Readonly<Record<string, Method>>;
}

/** Parameters are the Go types of the arguments; the result is turned into a Value by `goValue`. */
export interface Method {
  params: readonly GoType[];
  call: (receiver: unknown, ...args: never[]) => unknown;
}

export const STRING: ScalarType = { kind: 'string', name: 'string' };
export const BOOL: ScalarType = { kind: 'bool', name: 'bool' };
export const INT: ScalarType = { kind: 'int', name: 'int' };
export const FLOAT: ScalarType = { kind: 'float', name: 'float64' };
export const ANY: ScalarType = { kind: 'interface', name: 'interface {}' };

export const sliceOf = (elem: GoType): SequenceType => ({ kind: 'slice', name: `[]${elem.name}`, elem });
export const mapOf = (elem: GoType): MapType => ({ kind: 'map', name: `map[string]${elem.name}`, elem });
export const pointerTo = (elem: GoType): PointerType => ({ kind: 'pointer', name: `*${elem.name}`, elem });

export const ANY_SLICE = sliceOf(ANY);
export const ANY_MAP = mapOf(ANY);
export const STRING_SLICE = sliceOf(STRING);

/** A number as decoded JSON has it when Go is told to keep the text (json.Number). */
export const JSON_NUMBER: ScalarType = { kind: 'string', name: 'json.Number' };

/** A Typed passes; strings, booleans, numbers (int), string arrays and plain objects get the obvious Go type. */
export function goValue(v: unknown): Value {
  if (v === null || v === undefined) return undefined;
  if (isTyped(v)) return v;
  if (typeof v === 'string') return { type: STRING, v };
  if (typeof v === 'boolean') return { type: BOOL, v };
  if (typeof v === 'number' || typeof v === 'bigint') return { type: INT, v };
  if (Array.isArray(v)) return { type: v.every((item) => typeof item === 'string') ? STRING_SLICE : ANY_SLICE, v };
  return { type: ANY_MAP, v };
}

/** What JSON decoded into `interface {}` holds: numbers keep their text. */
export function rawValue(v: unknown): Value {
  if (v === null || v === undefined) return undefined;
  if (isTyped(v)) return v;
  if (typeof v === 'number' || typeof v === 'bigint') return { type: JSON_NUMBER, v: String(v) };
  if (Array.isArray(v)) return { type: ANY_SLICE, v };
  if (typeof v === 'object') return { type: ANY_MAP, v };
  return goValue(v);
}

/** An element, field or entry of static type `type`; interfaces are unwrapped to what they hold. */
export function element(type: GoType, v: unknown): Value {
  if (type.kind === 'interface') return rawValue(v);
  return { type, v: v ?? zero(type) };
}

function isTyped(v: unknown): v is Typed {
  return typeof v === 'object' && v !== null && TYPED in v;
}

const TYPED = Symbol('typed');

/** Makes a Typed that survives `goValue` and `rawValue`. */
export function typed(type: GoType, v: unknown): Typed {
  return Object.assign({ type, v }, { [TYPED]: true });
}

/** The zero value; null for slices, maps and pointers. */
export function zero(type: GoType): unknown {
  switch (type.kind) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'int':
    case 'uint':
    case 'float':
      return 0;
    case 'struct':
      return {};
    case 'slice':
      return type.length === undefined ? null : Array.from({ length: type.length }, () => zero(type.elem));
    default:
      return null;
  }
}

/** Follows pointers; `isNil` when the last one leads nowhere. */
export function indirect(value: Typed): { value: Typed; isNil: boolean } {
  let at = value;
  while (at.type.kind === 'pointer') {
    if (at.v === null || at.v === undefined) return { value: at, isNil: true };
    at = { type: at.type.elem, v: at.v };
  }
  return { value: at, isNil: false };
}

/** Go's truth: the value is not the zero value; structs are always true. */
export function isTrue(value: Value): boolean {
  if (!value) return false;
  const { type, v } = value;
  switch (type.kind) {
    case 'slice':
      return Array.isArray(v) && v.length > 0;
    case 'map':
      return v !== null && Object.keys(v as object).length > 0;
    case 'struct':
      return true;
    case 'context':
    case 'pointer':
      return v !== null && v !== undefined;
    case 'int':
    case 'uint':
    case 'float':
      return Number(v) !== 0;
    default:
      return Boolean(v);
  }
}

/** Entries of a map value in Go's printing and ranging order: keys sorted by bytes. */
export function sortedEntries(v: unknown): [string, unknown][] {
  if (v === null || v === undefined) return [];
  return Object.entries(v as object).sort(([a], [b]) => compareBytes(a, b));
}

/** Order of the UTF-8 bytes, as Go compares strings. */
export function compareBytes(a: string, b: string): number {
  if (/^\p{ASCII}*$/u.test(a + b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The field of a struct by Go name, embedded ones included: its type and how to read it. */
export function findField(
  type: StructType,
  name: string,
): { field: StructField; read: (v: unknown) => unknown } | undefined {
  for (const field of type.fields) {
    if (field.name === name) return { field, read: (v) => readField(field, v) };
  }
  for (const field of type.fields) {
    const inner = field.type.kind === 'pointer' ? field.type.elem : field.type;
    if (!field.embedded || inner.kind !== 'struct') continue;
    const found = findField(inner, name);
    if (found) return { field: found.field, read: (v) => found.read(readField(field, v)) };
  }
  return undefined;
}

/** What a struct's object holds for a field; embedded structs share the object. */
export function readField(field: StructField, v: unknown): unknown {
  if (field.embedded) return v;
  const object = v as Record<string, unknown> | null | undefined;
  const key = field.json ?? field.name;
  return object && Object.hasOwn(object, key) ? object[key] : undefined;
}
