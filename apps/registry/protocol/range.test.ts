import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readChunkRange, readRange } from './range.ts';

test('every range is a part of what is there, none, or everything', () => {
  const number = fc.oneof(fc.nat(), fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.constant(''));
  fc.assert(
    fc.property(number, number, fc.nat(10_000), (from, to, size) => {
      const range = readRange(`bytes=${from}-${to}`, size);
      if (range === undefined || range === 'none') return;
      expect(Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end)).toBe(true);
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.end).toBeGreaterThanOrEqual(range.start);
      expect(range.end).toBeLessThan(size);
    }),
  );
});

test('no text is a range by accident', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const range = readChunkRange(text);
      if (range) expect(text.trim()).toMatch(/^(bytes[ =])?\d+-\d+(\/(\d+|\*))?$/);
      const part = readRange(text, 100);
      if (part !== undefined) expect(text).toMatch(/^bytes=/i);
    }),
  );
});

test('chunks as the specification and as HTTP write them', () => {
  for (const text of ['5-9', 'bytes 5-9/*', 'bytes=5-9', 'bytes 5-9/100', ' 5-9 '])
    expect(readChunkRange(text)).toEqual({ start: 5, end: 9 });
  for (const text of ['9-5', '-5', '5-', '', '1-2,3-4', '0x1-0x2', `1-${'9'.repeat(20)}`])
    expect(readChunkRange(text)).toBeUndefined();
});
