import { expect, test } from 'vitest';
import { parseBoolean, parseInteger, parseTimestamp } from './query.ts';

test.each(['1', 'true', 'True', 'yes', 'on', ' 1 ', 'anything'])('%j is true', (text) =>
  expect(parseBoolean(text)).toBe(true),
);
test.each(['', '0', 'no', 'No', 'false', 'FALSE', 'none', null, undefined])('%j is false', (text) =>
  expect(parseBoolean(text)).toBe(false),
);

test('integers are exact or none', () => {
  expect(parseInteger('-1')).toBe(-1);
  expect(parseInteger('42')).toBe(42);
  for (const text of ['', 'x', '1.5', '0x10', '1e3', ' 1', '9007199254740993', '99999999999999999999']) {
    expect(parseInteger(text), text).toBeUndefined();
  }
});

test('timestamps keep their nanoseconds', () => {
  expect(parseTimestamp('1700000000')).toBe(1_700_000_000_000_000_000n);
  expect(parseTimestamp('1700000000.000000005')).toBe(1_700_000_000_000_000_005n);
  expect(parseTimestamp('1.5')).toBe(1_500_000_000n);
  expect(parseTimestamp('2023-11-14T22:13:20.000000005Z')).toBe(1_700_000_000_000_000_005n);
  expect(parseTimestamp('2023-11-15T00:13:20+02:00')).toBe(1_700_000_000_000_000_000n);
  for (const text of ['', 'now', '10m', '1.', '1.0000000001', '2023-11-14'])
    expect(parseTimestamp(text), text).toBeUndefined();
});
