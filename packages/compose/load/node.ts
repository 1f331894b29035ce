import { BerthError } from '@berth/kit';

/** A place in a file; lines and columns count from 1. `file` is shown as it is: relative to the folder of the call where possible. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** A variable that a value was made with. */
export interface VariableUse {
  name: string;
  /** `environment`, `.env:3`, `default` (what stands after `:-`), `unset`. */
  from: string;
}

/** Where a value comes from. */
export interface Source extends Place {
  variables?: readonly VariableUse[];
}

interface Base {
  source: Source;
  /** Where its key stands, in a mapping. */
  key?: Place;
  /** `!reset` drops what was inherited, `!override` replaces it. */
  tag?: 'reset' | 'override';
}

export type ScalarValue = string | number | boolean | null;

export interface Scalar extends Base {
  kind: 'scalar';
  value: ScalarValue;
}

export interface List extends Base {
  kind: 'list';
  items: Node[];
}

export interface Mapping extends Base {
  kind: 'map';
  entries: Map<string, Node>;
}

/** A value of a Compose file that knows where it was written. */
export type Node = Scalar | List | Mapping;

/** JSON values. */
export type Plain = ScalarValue | Plain[] | { [key: string]: Plain };

export const scalar = (source: Source, value: ScalarValue): Scalar => ({ kind: 'scalar', source, value });
export const list = (source: Source, items: Node[]): List => ({ kind: 'list', source, items });

/** A mapping of the entries that are not undefined. */
export function mapping(source: Source, entries: Iterable<readonly [string, Node | undefined]> = []): Mapping {
  const map: Mapping = { kind: 'map', source, entries: new Map() };
  for (const [key, value] of entries) if (value) map.entries.set(key, value);
  return map;
}

/** The same node with the key's place and tag of another one: for values that are rewritten. */
export function inPlaceOf<T extends Node>(old: Node, made: T): T {
  return { ...made, ...(old.key && { key: old.key }), ...(old.tag && { tag: old.tag }) };
}

/** Without places: what JSON has. */
export function plain(node: Node): Plain {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plain);
  const object: { [key: string]: Plain } = {};
  for (const [key, value] of node.entries) Object.defineProperty(object, key, { ...OWN, value: plain(value) });
  return object;
}

/** A key called `__proto__` is a key like others. */
const OWN = { enumerable: true, configurable: true, writable: true };

/** A node of a value that no file holds. */
export function fromPlain(source: Source, value: Plain): Node {
  if (Array.isArray(value))
    return list(
      source,
      value.map((item) => fromPlain(source, item)),
    );
  if (typeof value === 'object' && value !== null)
    return mapping(
      source,
      Object.entries(value).map(([key, item]) => [key, fromPlain(source, item)] as const),
    );
  return scalar(source, value);
}

export function entry(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'map' ? node.entries.get(key) : undefined;
}

/** A copy that shares no list or mapping with the original. */
export function clone(node: Node): Node {
  if (node.kind === 'scalar') return node;
  if (node.kind === 'list') return { ...node, items: node.items.map(clone) };
  return { ...node, entries: new Map([...node.entries].map(([key, value]) => [key, clone(value)])) };
}

/** The text of a scalar; numbers as Go prints them. */
export function textOf(node: Node): string {
  if (node.kind !== 'scalar') throw failAt(node.source, `a single value is wanted, found ${kindName(node)}`);
  return valueText(node.value);
}

export function valueText(value: ScalarValue): string {
  if (typeof value === 'number' && !Number.isInteger(value)) return floatText(value);
  return value === null ? '' : String(value);
}

/** Go's %v of a float: an exponent from 1e+21 on and below 1e-4. */
function floatText(value: number): string {
  if (Math.abs(value) >= 1e-4 || value === 0) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

export function kindName(node: Node): string {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a mapping';
  if (node.value === null) return 'nothing';
  const name = { string: 'text', number: 'number', boolean: 'boolean' }[typeof node.value as 'string'];
  return `the ${name} ${JSON.stringify(node.value)}`;
}

/** `compose.yaml:3:5` */
export function placeText({ file, line, column }: Place): string {
  return line > 0 ? `${file}:${line}:${column}` : file;
}

/** An error of a file: where, and what. */
export function failAt(place: Place, message: string, hint?: string): BerthError {
  return new BerthError('invalid', `${placeText(place)}: ${message}`, hint === undefined ? {} : { hint });
}
