import { expect, test } from 'vitest';
import { checkName, generateName, nameConflict } from './names.ts';
import { ADJECTIVES, SURNAMES } from './names-words.ts';

test.each([
  ['web', 'web'],
  ['/web', 'web'],
  ['a_b.c-1', 'a_b.c-1'],
  ['00', '00'],
])('takes %s', (name, bare) => {
  expect(checkName(name)).toBe(bare);
});

test.each(['', '/', 'a', '-a', '_ab', 'a b', 'a/b', 'a\n', 'ä1', '..'])('refuses %j', (name) => {
  expect(() => checkName(name)).toThrow(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
});

test('the conflict names both', () => {
  expect(nameConflict('web', 'abc')).toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('Conflict. The container name "/web" is already in use by container "abc".'),
  });
});

test('generated names are valid and the lists are large and without doubles', () => {
  expect(generateName(() => false)).toMatch(/^[a-z]+_[a-z]+$/);
  expect(ADJECTIVES.length).toBeGreaterThanOrEqual(100);
  expect(SURNAMES.length).toBeGreaterThanOrEqual(200);
  for (const list of [ADJECTIVES, SURNAMES]) {
    expect(new Set(list).size).toBe(list.length);
    expect(list.every((word) => /^[a-z]+$/.test(word))).toBe(true);
  }
});

test('a number follows when names are taken', () => {
  expect(generateName((name) => /[a-z]$/.test(name))).toMatch(/^[a-z]+_[a-z]+\d+$/);
});
