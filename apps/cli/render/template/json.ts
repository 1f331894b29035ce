import { element, type GoType, goValue, JSON_NUMBER, readField, sortedEntries, type Value } from './value.ts';

/**
 * A value as Go's encoding/json writes it: map keys sorted, struct fields in order, zero values of structs written
 * unless they are `omitempty`. `escapeHtml` writes `<`, `>` and `&` as `\u003c` and so on.
 */
export function goJson(value: Value, escapeHtml: boolean): string {
  if (!value) return 'null';
  const { type, v } = value;
  if (type.marshal) return type.marshal(v);
  switch (type.kind) {
    case 'string':
      return type === JSON_NUMBER ? String(v) : jsonString(String(v), escapeHtml);
    case 'bool':
      return String(Boolean(v));
    case 'int':
    case 'uint':
      return String(v);
    case 'float':
      return jsonFloat(Number(v));
    case 'slice':
      if (!Array.isArray(v)) return 'null';
      return `[${v.map((item) => goJson(element(type.elem, item), escapeHtml)).join(',')}]`;
    case 'map':
      return v === null || v === undefined ? 'null' : jsonObject(jsonEntries(type.elem, v), escapeHtml);
    case 'struct':
      if (typeof v === 'string') return jsonString(v, escapeHtml);
      if (type.name === 'time.Time') return jsonString('0001-01-01T00:00:00Z', escapeHtml);
      return jsonObject(structEntries(value), escapeHtml);
    case 'pointer':
      return v === null || v === undefined ? 'null' : goJson({ type: type.elem, v }, escapeHtml);
    case 'context':
      return jsonObject(contextEntries(value), true);
    case 'interface':
      return goJson(element(type, v), escapeHtml);
  }
}

/** A JSON string literal in Go's escaping. */
export function jsonString(text: string, escapeHtml: boolean): string {
  const plain = JSON.stringify(text.toWellFormed()).replace(/[\u2028\u2029\x7f]/g, (c) =>
    c === '\x7f' ? c : `\\u${c.charCodeAt(0).toString(16)}`,
  );
  return escapeHtml ? plain.replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`) : plain;
}

function jsonObject(entries: [string, Value][], escapeHtml: boolean): string {
  return `{${entries.map(([key, item]) => `${jsonString(key, escapeHtml)}:${goJson(item, escapeHtml)}`).join(',')}}`;
}

function jsonEntries(elem: GoType, v: unknown): [string, Value][] {
  return sortedEntries(v).map(([key, item]) => [key, element(elem, item)]);
}

function structEntries(value: { type: GoType; v: unknown }): [string, Value][] {
  const { type, v } = value;
  if (type.kind !== 'struct') return [];
  return type.fields.flatMap((field): [string, Value][] => {
    const inner = field.type.kind === 'pointer' ? field.type.elem : field.type;
    if (field.embedded && field.json === undefined) return structEntries({ type: inner, v });
    if (field.json === undefined) return [];
    const item = element(field.type, readField(field, v));
    return field.omitEmpty && isEmpty(item) ? [] : [[field.json, item]];
  });
}

/** Go's omitempty: false, 0, nil, and empty strings, slices and maps; never a struct. */
function isEmpty(item: Value): boolean {
  if (!item) return true;
  const { v, type } = item;
  if (type.kind === 'struct') return false;
  if (Array.isArray(v)) return v.length === 0;
  if (type.kind === 'map' && v !== null) return Object.keys(v as object).length === 0;
  return v === null || v === undefined || v === '' || v === 0 || v === 0n || v === false;
}

function contextEntries(value: { type: GoType; v: unknown }): [string, Value][] {
  if (value.type.kind !== 'context') return [];
  const entries = Object.entries(value.type.methods).filter(([, method]) => method.params.length === 0);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, method]) => [name, goValue(method.call(value.v))]);
}

/** Plain digits between 1e-6 and 1e21, else the exponent form without leading zeros: what JavaScript does, too. */
function jsonFloat(v: number): string {
  return String(v)
    .replace(/e\+?(-?)0*(\d)/, 'e$1$2')
    .replace(/e(\d)/, 'e+$1');
}
