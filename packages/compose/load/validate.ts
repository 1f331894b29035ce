import schema from '../schema/compose-spec.json' with { type: 'json' };
import { failAt, kindName, type Mapping, type Node } from './node.ts';

/** The parts of JSON Schema that the Compose schema is written in. */
interface Schema {
  type?: string | readonly string[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: readonly string[];
  items?: Schema;
  uniqueItems?: boolean;
  oneOf?: readonly Schema[];
  enum?: readonly (string | number | boolean | null)[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  $ref?: string;
}

const ROOT = schema as Schema;
const DEFINITIONS: Record<string, Schema> = schema.definitions as Record<string, Schema>;

/**
 * Checks a Compose file against the specification's schema. The first thing that is wrong is said with its place, its
 * key, what was found and what is accepted. `complete` false: keys that other files may add are not missed.
 */
export function validateFile(tree: Node, { complete }: { complete: boolean }): void {
  check(tree, ROOT, '', complete);
}

function check(node: Node, given: Schema, path: string, complete: boolean): void {
  if (node.tag === 'reset') return;
  const rule = resolve(given);
  if (rule.oneOf) {
    checkOneOf(node, rule.oneOf, path, complete);
    return;
  }
  const types = typesOf(rule);
  if (types.length && !types.some((type) => isType(node, type))) {
    // A section without anything in it (`web:`) is there, and empty.
    if (node.kind === 'scalar' && node.value === null && types.includes('object')) return;
    throw wrong(node, path, `${listed(types.map(typeName))} is wanted`);
  }
  if (rule.enum && node.kind === 'scalar' && !rule.enum.includes(node.value))
    throw wrong(node, path, `accepted are ${rule.enum.map((value) => JSON.stringify(value)).join(', ')}`);
  if (node.kind === 'scalar') checkScalar(node, rule, path);
  if (node.kind === 'list') checkList(node, rule, path, complete);
  if (node.kind === 'map') checkMap(node, rule, path, complete);
}

function checkScalar(node: Node & { kind: 'scalar' }, rule: Schema, path: string): void {
  const { value } = node;
  if (typeof value === 'string' && rule.pattern && !new RegExp(`^(?:${rule.pattern})$`).test(value))
    throw wrong(node, path, `accepted is what matches ${rule.pattern}`);
  if (typeof value !== 'number') return;
  if (rule.minimum !== undefined && value < rule.minimum) throw wrong(node, path, `at least ${rule.minimum} is wanted`);
  if (rule.maximum !== undefined && value > rule.maximum) throw wrong(node, path, `at most ${rule.maximum} is wanted`);
}

function checkList(node: Node & { kind: 'list' }, rule: Schema, path: string, complete: boolean): void {
  const { items } = rule;
  if (items) for (const [index, item] of node.items.entries()) check(item, items, `${path}.${index}`, complete);
  if (!rule.uniqueItems) return;
  const seen = new Map<string, number>();
  for (const [index, item] of node.items.entries()) {
    if (item.kind !== 'scalar') continue;
    const text = JSON.stringify(item.value);
    const first = seen.get(text);
    if (first !== undefined)
      throw failAt(item.source, `${shown(path)} array items[${first},${index}] must be unique: ${text} is there twice`);
    seen.set(text, index);
  }
}

function checkMap(node: Mapping, rule: Schema, path: string, complete: boolean): void {
  const patterns = Object.entries(rule.patternProperties ?? {});
  for (const [key, value] of node.entries) {
    const below = path === '' ? key : `${path}.${key}`;
    const known = rule.properties && Object.hasOwn(rule.properties, key) ? rule.properties[key] : undefined;
    const matching = known ?? patterns.find(([pattern]) => new RegExp(pattern).test(key))?.[1];
    if (matching) check(value, matching, below, complete);
    else if (typeof rule.additionalProperties === 'object') check(value, rule.additionalProperties, below, complete);
    else if (rule.additionalProperties === false) throw unknownKey(value, key, path, rule);
  }
  if (!complete) return;
  for (const key of rule.required ?? [])
    if (!node.entries.has(key)) throw failAt(node.key ?? node.source, `${shown(path)} missing property '${key}'`);
}

/** Of several forms the one is meant whose kind of value was written. */
function checkOneOf(node: Node, forms: readonly Schema[], path: string, complete: boolean): void {
  const flat = forms.flatMap((form) => resolve(form).oneOf ?? [form]).map(resolve);
  const fitting = flat.filter((form) => typesOf(form).some((type) => isType(node, type)) || typesOf(form).length === 0);
  if (fitting.length === 0) {
    if (node.kind === 'scalar' && node.value === null && flat.some((form) => typesOf(form).includes('object'))) return;
    throw wrong(node, path, `${listed(flat.flatMap(typesOf).map(typeName))} is wanted`);
  }
  let first: unknown;
  for (const form of fitting) {
    try {
      check(node, form, path, complete);
      return;
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function unknownKey(value: Node, key: string, path: string, rule: Schema) {
  const accepted = Object.keys(rule.properties ?? {}).sort();
  const near = nearest(key, accepted);
  const place = value.key ?? value.source;
  const suggestion = near ? `; did you mean '${near}'?` : '';
  const patterns = Object.keys(rule.patternProperties ?? {}).filter((pattern) => pattern !== '^x-');
  const names = accepted.length
    ? `Accepted are ${accepted.join(', ')} and keys that begin with x-.`
    : `Accepted are names that match ${patterns.join(', ')}.`;
  return failAt(place, `${shown(path)} additional properties '${key}' not allowed${suggestion}`, names);
}

function wrong(node: Node, path: string, accepted: string) {
  return failAt(node.key ?? node.source, `${shown(path)} ${describe(node)}: ${accepted}`);
}

function describe(node: Node): string {
  return `is ${kindName(node)}`;
}

function shown(path: string): string {
  return path === '' ? '(root)' : path;
}

function resolve(rule: Schema): Schema {
  const name = rule.$ref?.replace('#/definitions/', '');
  return name === undefined ? rule : { ...DEFINITIONS[name], ...rule, $ref: undefined };
}

function typesOf(rule: Schema): readonly string[] {
  if (rule.type === undefined) return [];
  return typeof rule.type === 'string' ? [rule.type] : rule.type;
}

function isType(node: Node, type: string): boolean {
  if (type === 'object') return node.kind === 'map';
  if (type === 'array') return node.kind === 'list';
  if (node.kind !== 'scalar') return false;
  if (type === 'null') return node.value === null;
  if (type === 'integer') return Number.isInteger(node.value);
  return typeof node.value === type;
}

const NAMES: Record<string, string> = {
  object: 'a mapping',
  array: 'a list',
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'nothing',
};
const typeName = (type: string) => NAMES[type] ?? type;

function listed(names: readonly string[]): string {
  const all = [...new Set(names)];
  return all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}

/** The candidate that differs least, when it differs little. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 4)) + 1;
  for (const candidate of candidates) {
    const edits = distance(word, candidate);
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 4 || a.length > 64) return 99;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 99;
}
