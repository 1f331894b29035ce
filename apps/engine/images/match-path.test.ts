import { expect, test } from 'vitest';
import { matchPath } from './match-path.ts';

// The table of Go's path.Match test, where it applies.
test.each([
  ['abc', 'abc', true],
  ['*', 'abc', true],
  ['*c', 'abc', true],
  ['a*', 'a', true],
  ['a*', 'ab/c', false],
  ['a*/b', 'abc/b', true],
  ['a*/b', 'a/c/b', false],
  ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
  ['a*b?c*x', 'abxbbxdbxebxczzx', true],
  ['a*b?c*x', 'abxbbxdbxebxczzy', false],
  ['ab[c]', 'abc', true],
  ['ab[b-d]', 'abc', true],
  ['ab[e-g]', 'abc', false],
  ['ab[^c]', 'abc', false],
  ['ab[^e-g]', 'abc', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'ab', false],
  ['a?b', 'a/b', false],
  ['a[^a]b', 'a/b', false],
  ['[\\]a]', ']', true],
  ['[\\-]', '-', true],
  ['[x\\-]', 'z', false],
  ['busybox', 'busybox:latest', false],
  ['busybox:*', 'busybox:latest', true],
  ['a.c', 'abc', false],
  ['(a|b)', 'a', false],
])('%s, %s: %s', (pattern, name, matches) => {
  expect(matchPath(pattern, name)).toBe(matches);
});

test('a pattern of many stars takes no time', () => {
  expect(matchPath(`${'a*'.repeat(60)}b`, 'a'.repeat(300))).toBe(false);
});

test.each(['[]a]', '[-]', '[x-]', '[-x]', '[a', '[', '[^', 'a\\'])('refuses %s', (pattern) => {
  expect(() => matchPath(pattern, 'a')).toThrow('syntax error in pattern');
});
