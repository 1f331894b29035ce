import { describe, expect, it } from 'vitest';
import { registries } from './registries.ts';

describe('registries in daemon.json', () => {
  it('takes hosts, domains and all', () => {
    const value = {
      'docker.io': { mirrors: ['https://a.example/', 'http://b:5000/x/{host}'] },
      '*.example.org': { mirrors: ['https://c'], fallback: false },
      '*': {},
    };
    expect(registries.fromFile(value)).toEqual({
      'docker.io': { mirrors: ['https://a.example', 'http://b:5000/x/{host}'], fallback: true },
      '*.example.org': { mirrors: ['https://c'], fallback: false },
      '*': { mirrors: [], fallback: true },
    });
    expect(registries.fromFile({ 'Index.Docker.io': {} })).toEqual({ 'docker.io': { mirrors: [], fallback: true } });
  });

  it.each([
    ['a name with a scheme', { 'https://a': {} }],
    ['a name with a path', { 'a/b': {} }],
    ['a star elsewhere', { 'a.*': {} }],
    ['another member', { a: { mirror: [] } }],
    ['mirrors that are no list', { a: { mirrors: 'https://b' } }],
    ['a mirror without a scheme', { a: { mirrors: ['b'] } }],
    ['a mirror of another scheme', { a: { mirrors: ['ftp://b'] } }],
    ['a mirror with a user', { a: { mirrors: ['https://me:secret@b'] } }],
    ['a mirror with a query', { a: { mirrors: ['https://b?x=1'] } }],
    ['a mirror whose path is no repository', { a: { mirrors: ['https://b/../c'] } }],
    ['a mirror whose host is a placeholder', { a: { mirrors: ['https://{host}/x'] } }],
    ['another placeholder', { a: { mirrors: ['https://b/{user}'] } }],
    ['fallback that is no switch', { a: { mirrors: ['https://b'], fallback: 'no' } }],
    ['nothing to ask at all', { a: { fallback: false } }],
    ['a list', []],
  ])('refuses %s', (_what, value) => {
    expect(() => registries.fromFile(value)).toThrow();
  });
});

it('registries as flags add up', () => {
  expect(registries.fromFlag(['docker.io=https://a', 'docker.io=https://b', '*=http://c/{host}'])).toEqual({
    'docker.io': { mirrors: ['https://a', 'https://b'], fallback: true },
    '*': { mirrors: ['http://c/{host}'], fallback: true },
  });
  expect(() => registries.fromFlag(['docker.io'])).toThrow();
  expect(() => registries.fromFlag(['docker.io=a'])).toThrow();
});
