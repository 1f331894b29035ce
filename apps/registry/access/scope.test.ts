import { expect, test } from 'vitest';
import { cutDown, gives, parseScopes, scopeOf } from './scope.ts';

test('a scope names each repository once', () => {
  expect(
    scopeOf([
      { repository: 'a/b', action: 'pull' },
      { repository: 'a/b', action: 'push' },
      { repository: 'c', action: 'pull' },
      'catalog',
    ]),
  ).toBe('repository:a/b:pull,push repository:c:pull registry:catalog:*');
});

test('scopes are read in every way that clients write them; what is none is left out', () => {
  expect(parseScopes(['repository:a/b:pull,push', 'repository(plugin):c:pull registry:catalog:*'])).toEqual([
    { type: 'repository', name: 'a/b', actions: ['pull', 'push'] },
    { type: 'repository', name: 'c', actions: ['pull'] },
    { type: 'registry', name: 'catalog', actions: ['*'] },
  ]);
  expect(
    parseScopes(['repository:../x:pull', 'repository:A:pull', 'host:x:y', 'repository:a', 'registry:x:*']),
  ).toEqual([]);
  expect(parseScopes(['repository:a:pull '.repeat(2000)])).toEqual([]);
  expect(parseScopes(['repository:a:pull '.repeat(100)])).toHaveLength(64);
});

test('a token gets what policy allows of what was asked for', () => {
  const wanted = parseScopes([
    'repository:a:pull,push,delete',
    'repository:b:*',
    'repository:c:push',
    'repository:d:*',
  ]);
  const granted = cutDown(wanted, (name, action) => name === 'd' || (name !== 'c' && action === 'pull'));
  expect(granted).toEqual([
    { type: 'repository', name: 'a', actions: ['pull'] },
    { type: 'repository', name: 'b', actions: ['pull'] },
    { type: 'repository', name: 'd', actions: ['pull', 'push', 'delete', '*'] },
  ]);
  expect(gives(granted, { repository: 'a', action: 'pull' })).toBe(true);
  expect(gives(granted, { repository: 'a', action: 'push' })).toBe(false);
  expect(gives(granted, { repository: 'aa', action: 'pull' })).toBe(false);
  expect(gives(granted, 'catalog')).toBe(false);
});
