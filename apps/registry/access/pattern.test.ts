import { expect, test } from 'vitest';
import { parsePattern } from './pattern.ts';

test.each([
  ['team/app', 'team/app', true],
  ['team/app', 'team/app2', false],
  ['team/*', 'team/app', true],
  ['team/*', 'team/app/part', false],
  ['team/**', 'team/app/part', true],
  ['team/**', 'team', false],
  ['team/**', 'teams/app', false],
  ['**', 'a/b/c', true],
  ['*', 'a/b', false],
  ['a.b/c', 'aab/c', false],
  ['**/base', 'a/b/base', true],
])('%s means %s: %s', (pattern, repository, meant) => {
  expect(parsePattern(pattern)(repository, undefined)).toBe(meant);
});

test('{user} is the name of whoever asks, taken as it is', () => {
  const pattern = parsePattern('home/{user}/**');
  expect(pattern('home/alice/app', 'alice')).toBe(true);
  expect(pattern('home/alice/app', 'bob')).toBe(false);
  expect(pattern('home/alice/app', undefined)).toBe(false);
  expect(pattern('home/alice/app', '.*')).toBe(false);
  expect(pattern('home/alice/app', '**')).toBe(false);
});

test.each(['', '/', 'team/', '/team', 'a//b', 'UPPER', 'a b', '$(x)', '{host}', 'x'.repeat(300), 'a\nb'])(
  '%j is no pattern',
  (text) => {
    expect(() => parsePattern(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
  },
);
