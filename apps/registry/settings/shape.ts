import { BerthError } from '@berth/kit';
import { isObject } from '@berth/oci';

/** Reads one value of the configuration file; `where` is its place, for errors. Errors: invalid. */
export type Reader<T> = (value: unknown, where: string) => T;

/** A member of an object: how it is read, and what it is when it is absent; without that it has to be there. */
export type Field<T> = { read: Reader<T>; otherwise: T } | { read: Reader<T>; required: true };

export function field<T>(read: Reader<T>, otherwise: T): Field<T> {
  return { read, otherwise };
}

/** An object with these members and no others: an unknown one is an error, so that no setting is silently ignored. */
export function object<T extends object>(fields: { [K in keyof T]: Field<T[K]> }): Reader<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return (value, where) => {
    if (!isObject(value)) throw wrong(where, 'is no object');
    const other = Object.keys(value).find((name) => !names.some((known) => known === name));
    if (other !== undefined) throw wrong(join(where, other), `is not known; there is ${names.join(', ')}`);
    const read = names.map((name) => {
      const given = value[name];
      const member = fields[name];
      if (given !== undefined) return [name, member.read(given, join(where, name))];
      if ('required' in member) throw wrong(join(where, name), 'is missing');
      return [name, member.otherwise];
    });
    return Object.fromEntries(read) as T;
  };
}

export function listOf<T>(read: Reader<T>): Reader<T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw wrong(where, 'is no list');
    return value.map((entry, n) => read(entry, `${where}[${n}]`));
  };
}

/** A list that is not empty. */
export function someOf<T>(read: Reader<T>): Reader<T[]> {
  const list = listOf(read);
  return (value, where) => {
    const entries = list(value, where);
    if (entries.length === 0) throw wrong(where, 'is an empty list');
    return entries;
  };
}

export function optional<T>(read: Reader<T>): Field<T | undefined> {
  return { read, otherwise: undefined };
}

/** A member that must be there. */
export function required<T>(read: Reader<T>): Field<T> {
  return { read, required: true };
}

export const text: Reader<string> = (value, where) => {
  if (typeof value !== 'string' || value === '') throw wrong(where, 'is no text');
  return value;
};

export const yesNo: Reader<boolean> = (value, where) => {
  if (typeof value !== 'boolean') throw wrong(where, 'is neither true nor false');
  return value;
};

export function wholeNumber(least: number): Reader<number> {
  return (value, where) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least)
      throw wrong(where, `is no whole number from ${least} on`);
    return value;
  };
}

export function oneOf<T extends string>(...names: readonly T[]): Reader<T> {
  return (value, where) => {
    const found = names.find((name) => name === value);
    if (found === undefined) throw wrong(where, `is none of ${names.join(', ')}`);
    return found;
  };
}

/** `https://host:5000`, without a path. */
export const origin: Reader<string> = (value, where) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
    throw wrong(where, 'is no http or https URL without a path');
  return url.origin;
};

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `30s`, `1h30m`, `7d`, `0`: to milliseconds. */
export const duration: Reader<number> = (value, where) => {
  if (value === '0' || value === 0) return 0;
  const parts = typeof value === 'string' ? [...value.matchAll(/(\d+)(ms|[smhdw])/g)] : [];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== value)
    throw wrong(where, 'is no duration: write 30s, 1h30m, 7d');
  const sum = parts.reduce((total, [, count, unit]) => total + Number(count) * UNITS[unit!]!, 0);
  if (!Number.isSafeInteger(sum)) throw wrong(where, 'is too long');
  return sum;
};

const SIZES: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `4MiB`, `10g`, `1048576`: to bytes. */
export const size: Reader<number> = (value, where) => {
  const [, count, unit] = /^(\d+)\s*([kmgt]?)(?:i?b)?$/i.exec(String(value)) ?? [];
  const bytes = Number(count) * (SIZES[(unit ?? '').toLowerCase()] ?? 1);
  if (count === undefined || !Number.isSafeInteger(bytes)) throw wrong(where, 'is no size: write 512MiB, 10g');
  return bytes;
};

/** A duration or size of not less than `least`, which is written `words`. */
export function atLeast(least: number, words: string, read: Reader<number>): Reader<number> {
  return (value, where) => {
    const number = read(value, where);
    if (number < least) throw wrong(where, `is less than ${words}`);
    return number;
  };
}

function join(where: string, name: string): string {
  return where === '' ? name : `${where}.${name}`;
}

function wrong(where: string, what: string): BerthError {
  return new BerthError('invalid', `the setting ${where === '' ? 'as a whole' : where} ${what}`);
}
