import { readBoolean } from '@berth/kit';
import type { FlagType } from '../command.ts';
import { parseDuration } from './duration.ts';
import { parseSize } from './size.ts';

const REPEATED = new Set<FlagType>([
  'list',
  'strings',
  'stringArray',
  'map',
  'stringToString',
  'filter',
  'network',
  'mount',
  'ulimit',
  'gpu-request',
]);

/** True for types that collect every value instead of keeping the last. */
export function isRepeated(type: FlagType): boolean {
  return REPEATED.has(type);
}

/** One written value as its type has it; throws an Error whose message is the reason in Go's words. */
export function convertScalar(type: FlagType, text: string): string | number | boolean {
  switch (type) {
    case 'bool':
      return parseBool(text);
    case 'int':
      return parseInteger(text, 'strconv.ParseInt', -(2n ** 63n), 2n ** 63n - 1n);
    case 'uint':
      return parseInteger(text, 'strconv.ParseUint', 0n, 2n ** 64n - 1n);
    case 'uint16':
      return parseInteger(text, 'strconv.ParseUint', 0n, 65_535n);
    case 'bytes':
      return parseSize(text);
    case 'duration':
      return parseDuration(text);
    case 'decimal':
      return parseNanos(text);
    default:
      return text;
  }
}

function parseBool(text: string): boolean {
  const read = readBoolean(text);
  if (read !== undefined) return read;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Go's base 0: decimal, 0x, 0o, 0b, leading 0 is octal, `_` between digits. */
function parseInteger(text: string, call: string, min: bigint, max: bigint): number {
  const bad = (why: string) => new Error(`${call}: parsing ${JSON.stringify(text)}: ${why}`);
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)$/.exec(text.replace(/(?<=\d)_(?=\d)/g, ''));
  if (!match || (min === 0n && match[1] !== '')) throw bad('invalid syntax');
  const digits = match[2] ?? '';
  if (/^0\d*[89]/.test(digits)) throw bad('invalid syntax');
  const size = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
  const value = match[1] === '-' ? -size : size;
  if (value < min || value > max) throw bad('value out of range');
  return Number(value);
}

/** Docker's --cpus: a decimal or a fraction, at most nine digits after the point. */
function parseNanos(text: string): number {
  const match = /^([+-]?\d*\.?\d*(?:[eE][+-]?\d+)?)(?:\/(\d+))?$/.exec(text);
  const value = match?.[1] ? Number(match[1]) / Number(match[2] ?? 1) : Number.NaN;
  if (!Number.isFinite(value)) throw new Error(`failed to parse ${text} as a rational number`);
  const nanos = value * 1e9;
  const rounded = Math.round(nanos);
  if (Math.abs(nanos - rounded) > 1e-3) throw new Error('value is too precise');
  return rounded;
}
