import { BerthError } from '@berth/kit';

export type TagValue = string | number | boolean | string[] | { [key: string]: string };

/** Docker's functions of templates, as far as log tags may call them. Errors: invalid, for wrong arguments. */
export const TAG_FUNCTIONS: Readonly<Record<string, (...args: TagValue[]) => TagValue>> = {
  lower: (value) => text('lower', value).toLowerCase(),
  upper: (value) => text('upper', value).toUpperCase(),
  title: (value) => text('title', value).replace(/(?<![\p{L}\p{N}_'])\p{L}/gu, (letter) => letter.toUpperCase()),
  json: (value) => JSON.stringify(value ?? null),
  split: (value, by) => text('split', value).split(text('split', by)),
  join: (list, by) => {
    if (!Array.isArray(list)) throw wrong('join');
    return list.join(text('join', by));
  },
  truncate: (value, length) => [...text('truncate', value)].slice(0, count('truncate', length)).join(''),
  pad: (value, before, after) => {
    const inner = text('pad', value);
    return inner === '' ? '' : ' '.repeat(count('pad', before)) + inner + ' '.repeat(count('pad', after));
  },
  index: (value, key) => {
    if (Array.isArray(value)) return value[count('index', key)] ?? fail('index', 'out of range');
    if (typeof value !== 'object') throw wrong('index');
    const name = text('index', key);
    return Object.hasOwn(value, name) ? value[name]! : '';
  },
  not: (value) => !truth(value),
  and: (...values) => values.find((value) => !truth(value)) ?? values.at(-1) ?? fail('and', 'no arguments'),
  or: (...values) => values.find(truth) ?? values.at(-1) ?? fail('or', 'no arguments'),
  eq: (value, ...others) => others.some((other) => other === value),
  ne: (value, other) => value !== other,
  len: (value) => {
    if (typeof value === 'string') return Buffer.byteLength(value);
    if (typeof value !== 'object') throw wrong('len');
    return Object.keys(value).length;
  },
};

/** Go's truth: not false, zero, or empty. */
export function truth(value: TagValue | undefined): boolean {
  return typeof value === 'object' ? Object.keys(value).length > 0 : Boolean(value);
}

function text(name: string, value: TagValue | undefined): string {
  if (typeof value !== 'string') throw wrong(name);
  return value;
}

function count(name: string, value: TagValue | undefined): number {
  if (typeof value !== 'number' || value < 0 || value > 4096) throw wrong(name);
  return value;
}

function wrong(name: string): BerthError {
  return fail(name, 'wrong type or number of arguments');
}

function fail(name: string, why: string): never {
  throw new BerthError('invalid', `invalid log tag: template: log-tag: error calling ${name}: ${why}`);
}
