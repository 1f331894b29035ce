import { describe, expect, it } from 'vitest';
import type { FlagType } from '../command.ts';
import { convertScalar } from './convert.ts';
import { parseDuration } from './duration.ts';
import { parseSize } from './size.ts';

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('sizes', () => {
  it.each<[string, number | string]>([
    ['64', 64],
    ['64b', 64],
    ['64m', 64 * 2 ** 20],
    ['64M', 64 * 2 ** 20],
    ['1.5g', 1.5 * 2 ** 30],
    ['10kib', 10_240],
    ['10kb', 10_240],
    ['2 g', 2 ** 31],
    ['1t', 2 ** 40],
    ['', "invalid size: ''"],
    ['m', "invalid size: 'm'"],
    ['xx', "invalid size: 'xx'"],
    ['-1', "invalid size: '-1'"],
    ['64x', "invalid suffix: 'x'"],
    ['64mbb', "invalid suffix: 'mbb'"],
    ['1.2.3m', 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'],
  ])('%s', (text, expected) => {
    expect(outcome(() => parseSize(text))).toBe(expected);
  });
});

describe('durations in nanoseconds', () => {
  it.each<[string, number | string]>([
    ['5s', 5e9],
    ['1m30s', 90e9],
    ['1.5h', 5400e9],
    ['250ms', 250e6],
    ['.5s', 5e8],
    ['-2s', -2e9],
    ['0', 0],
    ['5', 'time: missing unit in duration "5"'],
    ['1x', 'time: unknown unit "x" in duration "1x"'],
    ['x', 'time: invalid duration "x"'],
    ['', 'time: invalid duration ""'],
  ])('%s', (text, expected) => {
    expect(outcome(() => parseDuration(text))).toBe(expected);
  });
});

describe('numbers', () => {
  it.each<[FlagType, string, unknown]>([
    ['int', '-5', -5],
    ['int', '0x10', 16],
    ['int', '010', 8],
    ['int', '08', 'strconv.ParseInt: parsing "08": invalid syntax'],
    ['int', '99999999999999999999', 'strconv.ParseInt: parsing "99999999999999999999": value out of range'],
    ['uint16', '70000', 'strconv.ParseUint: parsing "70000": value out of range'],
    ['uint', '-1', 'strconv.ParseUint: parsing "-1": invalid syntax'],
    ['decimal', '1.5', 1_500_000_000],
    ['decimal', '1/2', 500_000_000],
    ['decimal', '0.0000000001', 'value is too precise'],
    ['decimal', 'x', 'failed to parse x as a rational number'],
    ['bool', 'T', true],
    ['bool', 'no', 'strconv.ParseBool: parsing "no": invalid syntax'],
  ])('%s %s', (type, text, expected) => {
    expect(outcome(() => convertScalar(type, text))).toBe(expected);
  });
});
