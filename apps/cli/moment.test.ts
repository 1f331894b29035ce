import { describe, expect, it } from 'vitest';
import { parseMoment } from './moment.ts';

const NOW = Date.UTC(2024, 0, 2, 3, 4, 5, 250);

describe('points in time', () => {
  it.each([
    ['', ''],
    ['42m', `${NOW / 1000 - 42 * 60 - 0.25}.250000000`],
    ['1h30m', `${NOW / 1000 - 5400 - 0.25}.250000000`],
    ['1136073845', '1136073845'],
    ['1136073845.000000001', '1136073845.000000001'],
    ['2013-01-02T13:23:37Z', '1357133017.000000000'],
    ['2013-01-02T13:23:37.5Z', '1357133017.500000000'],
    ['2013-01-02T13:23:37+01:00', '1357129417.000000000'],
    ['2013-01-02T13:23Z', '1357132980.000000000'],
  ])('%s', (text, expected) => {
    expect(parseMoment(text, NOW)).toBe(expected);
  });

  it('takes a date without a zone as local', () => {
    expect(parseMoment('2013-01-02T00:00:00', NOW)).toBe(`${new Date(2013, 0, 2).getTime() / 1000}.000000000`);
    expect(parseMoment('2013-01-02', NOW)).toBe(`${new Date(2013, 0, 2).getTime() / 1000}.000000000`);
  });

  it.each(['x', '2013-13-01', '5 minutes'])('refuses %s', (text) => {
    expect(() => parseMoment(text, NOW)).toThrow('failed to parse value as time or duration');
  });
});
