import { expect, test } from 'vitest';
import { ANYBODY_MAY_ALL, createPolicy, USERS_MAY_ALL } from './policy.ts';

const policy = createPolicy([
  { who: ['anonymous'], repositories: ['public/**'], may: ['pull'] },
  { who: ['*'], repositories: ['home/{user}/**'], may: ['pull', 'push', 'delete'] },
  { who: ['alice', 'bob'], repositories: ['team/*'], may: ['pull'] },
  { who: ['alice'], repositories: ['team/*'], may: ['push'] },
]);

test.each([
  [undefined, 'public/app', 'pull', true],
  ['carol', 'public/app', 'pull', true],
  [undefined, 'public/app', 'push', false],
  [undefined, 'team/app', 'pull', false],
  ['bob', 'team/app', 'pull', true],
  ['bob', 'team/app', 'push', false],
  ['alice', 'team/app', 'push', true],
  ['alice', 'team/app', 'delete', false],
  ['carol', 'home/carol/x', 'delete', true],
  ['carol', 'home/alice/x', 'pull', false],
  ['anonymous', 'team/app', 'pull', false],
] as const)('%s, %s, %s: %s', (user, repository, action, may) => {
  expect(policy.may(user, repository, action)).toBe(may);
});

test('what opens a registry to anybody is known', () => {
  expect(policy.opensToAnybody).toBe(true);
  expect(createPolicy([USERS_MAY_ALL]).opensToAnybody).toBe(false);
  expect(createPolicy([USERS_MAY_ALL]).may(undefined, 'a', 'pull')).toBe(false);
  expect(createPolicy([USERS_MAY_ALL]).may('x', 'a/b', 'delete')).toBe(true);
  expect(createPolicy([ANYBODY_MAY_ALL]).may(undefined, 'a/b', 'delete')).toBe(true);
  expect(createPolicy([]).may('x', 'a', 'pull')).toBe(false);
});

test('rules that cannot be meant are refused', () => {
  const rule = { who: ['a'], repositories: ['x'], may: ['pull'] };
  expect(() => createPolicy([{ ...rule, may: ['read'] }])).toThrow(/rule 1: "read"/);
  expect(() => createPolicy([rule, { ...rule, who: [] }])).toThrow(/rule 2 names nobody/);
  expect(() => createPolicy([{ ...rule, repositories: [] }])).toThrow(/no repository/);
});
