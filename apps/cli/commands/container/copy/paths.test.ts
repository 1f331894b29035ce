import { describe, expect, test } from 'vitest';
import { applyRename, type CopyEnd, keepEnd, planCopy, rebased, splitEnd } from './paths.ts';

const end = (path: string, what: 'file' | 'directory' | 'nothing', rebaseName = ''): CopyEnd => ({
  path,
  exists: what !== 'nothing',
  isDirectory: what === 'directory',
  rebaseName,
});

test.each([
  ['/a/b', { directory: '/a', base: 'b' }],
  ['/a/b/', { directory: '/a', base: 'b' }],
  ['/a/b/.', { directory: '/a/b', base: '.' }],
  ['/', { directory: '/', base: '' }],
  ['a', { directory: '.', base: 'a' }],
  ['.', { directory: '.', base: '.' }],
])('splitEnd(%j)', (path, expected) => {
  expect(splitEnd(path)).toEqual(expected);
});

test('an end that means something is kept', () => {
  expect(keepEnd('/a', '/a/')).toBe('/a/');
  expect(keepEnd('/a', 'x/../a/.')).toBe('/a/.');
  expect(keepEnd('/', '/.')).toBe('/.');
  expect(rebased('/l/', '/target')).toEqual({ path: '/target/', rebaseName: 'l' });
  expect(rebased('/same', '/x/same')).toEqual({ path: '/x/same', rebaseName: '' });
});

describe('where a copy goes', () => {
  test.each<[CopyEnd, CopyEnd, string, [string, string] | undefined]>([
    [end('/s/f', 'file'), end('/d', 'directory'), '/d', undefined],
    [end('/s/f', 'file'), end('/d/g', 'file'), '/d', ['f', 'g']],
    [end('/s/f', 'file'), end('/d/new', 'nothing'), '/d', ['f', 'new']],
    [end('/s/d', 'directory'), end('/d/new', 'nothing'), '/d', ['d', 'new']],
    [end('/s/d', 'directory'), end('/d/new/', 'nothing'), '/d', ['d', 'new']],
    [end('/s/d/.', 'directory'), end('/d/new', 'nothing'), '/d', ['.', 'new']],
    [end('/t', 'directory', 'l'), end('/d/new', 'nothing'), '/d', ['l', 'new']],
  ])('%j to %j', (from, to, directory, rename) => {
    const plan = planCopy(from, to);
    expect(plan).toEqual({ directory, rename: rename && { from: rename[0], to: rename[1] } });
  });

  test('what cannot be', () => {
    expect(() => planCopy(end('/s', 'directory'), end('/f', 'file'))).toThrow('cannot copy directory');
    expect(() => planCopy(end('/s', 'file'), end('/new/', 'nothing'))).toThrow('no such directory');
  });
});

test('only the first part of a name is another', () => {
  expect(applyRename('a/a/b', { from: 'a', to: 'x' })).toBe('x/a/b');
  expect(applyRename('./b', { from: '.', to: 'new' })).toBe('new/b');
  expect(applyRename('/etc/x', { from: '/', to: 'root' })).toBe('root/etc/x');
});
