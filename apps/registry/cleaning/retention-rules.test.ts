import { expect, test } from 'vitest';
import { ruleFor, tagMatches, tagsToRemove } from './retention-rules.ts';

test.each([
  ['v?.*', 'v1.2', true],
  ['v?.*', 'v10.2', false],
  ['v1.*', 'v1x2', false],
  ['*-rc*', '1.0-rc1', true],
  ['[a]', 'a', false],
  ['*', 'anything_1', true],
])('%s with %s: %s', (pattern, tag, expected) => {
  expect(tagMatches(pattern, tag)).toBe(expected);
});

test('the first rule that matches is the one', () => {
  const rules = [
    { repositories: ['a/*'], keepLast: 1 },
    { repositories: ['**'], keepLast: 2 },
  ];
  expect(ruleFor(rules, 'a/b')?.keepLast).toBe(1);
  expect(ruleFor(rules, 'b')?.keepLast).toBe(2);
  expect(ruleFor([], 'b')).toBeUndefined();
});

const tags = [
  { tag: 'v1', at: 100 },
  { tag: 'v2', at: 200 },
  { tag: 'nightly', at: 300 },
  { tag: 'old', at: 50 },
];
const rule = { repositories: ['**'] };

test.each([
  ['no condition keeps all', {}, []],
  ['the last two', { keepLast: 2 }, ['old', 'v1']],
  ['none of them', { keepLast: 0 }, ['nightly', 'old', 'v1', 'v2']],
  ['younger than', { keepYoungerMs: 850 }, ['old', 'v1']],
  ['matching', { keepTags: ['v*'] }, ['nightly', 'old']],
  ['any of several conditions keeps', { keepLast: 1, keepTags: ['v1'], keepYoungerMs: 860 }, ['old']],
])('%s', (_, conditions, removed) => {
  expect(tagsToRemove({ ...rule, ...conditions }, tags, 1000).sort()).toEqual(removed);
});
