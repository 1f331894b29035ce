import { expect, test } from 'vitest';
import { contentDigest } from '../digest.ts';
import { Uses } from './uses.ts';

const [one, two] = [contentDigest('1'), contentDigest('2')];

test('a watch sees what is noted after it began, however fast', () => {
  const uses = new Uses(0, () => 5);
  uses.note('a', one);
  const watch = uses.watch();
  expect(uses.since(watch, 'a', one)).toBe(false);
  uses.note('a', two);
  expect([uses.since(watch, 'a', two), uses.since(watch, 'b', two), uses.since(watch, 'a', one)]).toEqual([
    true,
    false,
    false,
  ]);
});

test('uses are remembered for the time that was asked for, and as long as somebody watches', () => {
  let now = 0;
  const uses = new Uses(100, () => now);
  const many = Array.from({ length: 12_000 }, (_, n) => contentDigest(String(n)));
  uses.note('a', one);
  const watch = uses.watch();
  uses.note('a', two);
  now = 1_000;
  for (const digest of many) uses.note('b', digest);
  expect(uses.after(-1, 'a', one)).toBe(false); // forgotten: it is older than both
  expect(uses.after(-1, 'a', two)).toBe(true);
  expect(uses.after(999, 'b', many[0]!)).toBe(true);
  watch.end();
  now = 2_000;
  for (const digest of many) uses.note('c', digest);
  for (const digest of many) uses.note('d', digest);
  expect(uses.after(-1, 'a', two)).toBe(false);
});
