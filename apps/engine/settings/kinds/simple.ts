import { isIP } from 'node:net';
import { type Kind, Rejected, textOf } from './kind.ts';

type Check<T> = (text: string) => T | undefined;

/** A value that both sides write as one text; `check` gives undefined for what is not taken. */
export function textual<T>(options: {
  type?: string;
  placeholder: string;
  accepted: string;
  check: Check<T>;
}): Kind<T> {
  const { accepted, check } = options;
  const read = (text: string): T => {
    const value = check(text);
    if (value === undefined) throw new Rejected(text, accepted);
    return value;
  };
  return {
    type: options.type ?? 'string',
    placeholder: options.placeholder,
    many: false,
    fromFlag: ([text = '']) => read(text),
    fromFile: (value) => read(textOf(value, accepted)),
  };
}

/** `undefined` is among the values: nothing was said. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return kind;
}

const YES = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const NO = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

export const onOff: Kind<boolean> = {
  type: 'true or false',
  placeholder: '',
  many: false,
  fromFlag: ([text = 'true']) => {
    if (YES.has(text)) return true;
    if (NO.has(text)) return false;
    throw new Rejected(text, 'true or false');
  },
  fromFile: (value) => {
    if (typeof value !== 'boolean') throw new Rejected(value, 'true or false');
    return value;
  },
};

/** A whole number from `least` to `most`, written as a number in the file. */
export function wholeNumber(least: number, what = '', most = Number.MAX_SAFE_INTEGER): Kind<number> {
  const accepted = `a whole number${what} from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`;
  const read = (value: unknown, found: unknown): number => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
      throw new Rejected(found, accepted);
    return value;
  };
  return {
    type: 'number',
    placeholder: 'N',
    many: false,
    fromFlag: ([text = '']) => read(/^-?\d+$/.test(text) ? Number(text) : text, text),
    fromFile: (value) => read(value, value),
  };
}

const SIZE = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])i?)?b?$/i;
const POWERS = ' kmgtp';

/** Bytes: a number, or a text with a unit of 1024 as `64m`. */
export const size: Kind<number> = {
  type: 'size',
  placeholder: 'BYTES',
  many: false,
  fromFlag: ([text = '']) => sizeOf(text),
  fromFile: (value) => {
    if (typeof value === 'string') return sizeOf(value);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw new Rejected(value, SIZE_ACCEPTED);
  },
};

const SIZE_ACCEPTED = 'a size in bytes, or with a unit as 64m';

function sizeOf(text: string): number {
  const match = SIZE.exec(text);
  const bytes = match && Math.trunc(Number(match[1]) * 1024 ** POWERS.indexOf(match[2]?.toLowerCase() ?? ' '));
  if (bytes === null || !Number.isSafeInteger(bytes)) throw new Rejected(text, SIZE_ACCEPTED);
  return bytes;
}

export function oneOf<const T extends string>(...known: readonly T[]): Kind<T> {
  const names = known.map((name) => `"${name}"`);
  return textual({
    placeholder: known.length < 4 ? known.join('|') : 'WORD',
    accepted: names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`,
    check: (text) => known.find((name) => name === text),
  });
}

export const text = (placeholder: string, accepted: string, pattern: RegExp = /^.+$/s) =>
  textual({ placeholder, accepted, check: (value) => (pattern.test(value) ? value : undefined) });

/** Paths that become parts of mount options and of the monitor's arguments, which cannot quote these characters. */
export const rootPath = textual({
  placeholder: 'DIR',
  accepted: 'an absolute path without spaces, colons, commas, backslashes and ".."',
  check: (path) =>
    path.startsWith('/') && !/[:,\\\s\0]/.test(path) && !path.split('/').includes('..') ? withoutEnd(path) : undefined,
});

export const absolutePath = textual({
  placeholder: 'FILE',
  accepted: 'an absolute path',
  check: (path) => (/^\/[^\0\n]*$/.test(path) ? path : undefined),
});

function withoutEnd(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

export const ipAddress = (family?: 4 | 6) =>
  textual({
    placeholder: 'IP',
    accepted: family === undefined ? 'an IP address' : `an IPv${family} address`,
    check: (address) => (isIP(address) === (family ?? isIP(address)) && isIP(address) > 0 ? address : undefined),
  });

export const cidr = (family: 4 | 6) =>
  textual({
    placeholder: 'CIDR',
    accepted: `an IPv${family} range in CIDR notation, as ${family === 4 ? '172.20.0.1/16' : 'fd00:1::/64'}`,
    check: (range) => (isCidr(range, family) ? range : undefined),
  });

/** Whether a text is ADDRESS/LENGTH of this family (of any, when none is given). */
export function isCidr(range: string, family?: 4 | 6): boolean {
  const [, address = '', length = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(range) ?? [];
  const found = isIP(address);
  return found > 0 && found === (family ?? found) && Number(length) <= (found === 4 ? 32 : 128);
}
