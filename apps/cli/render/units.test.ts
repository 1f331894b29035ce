import { describe, expect, it } from 'vitest';
import { bytesSize, humanDuration, humanSize } from './units.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

describe('humanDuration', () => {
  it.each([
    [450, 'Less than a second'],
    [1 * SECOND, '1 second'],
    [45 * SECOND, '45 seconds'],
    [46 * SECOND, '46 seconds'],
    [59 * SECOND, '59 seconds'],
    [60 * SECOND, 'About a minute'],
    [119 * SECOND, 'About a minute'],
    [180 * SECOND, '3 minutes'],
    [35 * 60 * SECOND, '35 minutes'],
    [40 * 60 * SECOND, '40 minutes'],
    [60 * 60 * SECOND, 'About an hour'],
    [90 * 60 * SECOND - 1, 'About an hour'],
    [90 * 60 * SECOND, '2 hours'],
    [3 * HOUR + 29 * 60 * SECOND, '3 hours'],
    [24 * HOUR, '24 hours'],
    [36 * HOUR, '36 hours'],
    [47 * HOUR + 40 * 60 * SECOND, '2 days'],
    [2 * DAY, '2 days'],
    [7 * DAY, '7 days'],
    [13 * DAY + 5 * HOUR, '13 days'],
    [14 * DAY, '2 weeks'],
    [30 * DAY, '4 weeks'],
    [60 * DAY, '2 months'],
    [365 * DAY, '12 months'],
    [24 * 30 * DAY, '24 months'],
    [730 * DAY, '2 years'],
    [1000 * DAY, '2 years'],
    [-5 * SECOND, 'Less than a second'],
  ])('%i ms is %s', (ms, text) => expect(humanDuration(ms)).toBe(text));
});

describe('sizes', () => {
  it.each([
    [0, 4, '0B'],
    [1, 4, '1B'],
    [999, 4, '999B'],
    [1000, 4, '1kB'],
    [1024, 4, '1.024kB'],
    [1_000_000, 4, '1MB'],
    [1_048_576, 4, '1.049MB'],
    [2 * 1_000_000, 4, '2MB'],
    [3.42 * 1e9, 4, '3.42GB'],
    [5.372 * 1e12, 4, '5.372TB'],
    [2.22 * 1e15, 4, '2.22PB'],
    [4_261_550, 3, '4.26MB'],
    [999_999, 3, '1e+03kB'],
    [10_000_000_000, 4, '10GB'],
    [1e28, 4, '1e+04YB'],
  ])('%d with %i digits is %s', (bytes, digits, text) => expect(humanSize(bytes, digits)).toBe(text));

  it.each([
    [0, '0B'],
    [1024, '1KiB'],
    [8_123_456_789, '7.566GiB'],
    [1024 ** 2 - 1, '1024KiB'],
  ])('%d is %s in powers of 1024', (bytes, text) => expect(bytesSize(bytes)).toBe(text));
});
