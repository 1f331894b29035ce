import { describe, expect, it } from 'vitest';
import { EntryIndex, type GivenEntry } from './entry-index.ts';

const given = (type: GivenEntry['type'], size = 0): GivenEntry => ({
  ...{ type, size, mode: 0o644, mtime: 0n, sha256: '', link: Buffer.alloc(0), xattrs: new Map() },
});
const paths = (index: EntryIndex) => [...index.finish().keys()];

describe('the index of a context', () => {
  it('makes parents that nobody named, with the bytes of their names', () => {
    const index = new EntryIndex();
    index.add(Buffer.from('./é/b\xff/../b//c', 'utf8'), given('file'));
    index.add(Buffer.from('x\xfe/y', 'latin1'), given('file'));
    const entries = [...index.finish().values()].map(({ name, type }) => [name.toString('latin1'), type]);
    const utf8 = (text: string) => Buffer.from(text).toString('latin1');
    expect(entries).toEqual([
      ['x\xfe', 'directory'],
      ['x\xfe/y', 'file'],
      [utf8('é'), 'directory'],
      [utf8('é/b'), 'directory'],
      [utf8('é/b/c'), 'file'],
    ]);
    for (const [path, { name }] of index.finish()) expect(path).toBe(name.toString('utf8'));
  });

  it('a file takes the place of a directory and all below it, and a directory that of a file', () => {
    const index = new EntryIndex();
    for (const name of ['d/a', 'd/b/c', 'd-e']) index.add(Buffer.from(name), given('file'));
    index.add(Buffer.from('d'), given('file'));
    expect(paths(index)).toEqual(['d', 'd-e']);
    expect(() => index.link(Buffer.from('l'), Buffer.from('d/a'))).toThrow('no target');
    index.add(Buffer.from('d'), given('directory'));
    index.add(Buffer.from('d/new'), given('file'));
    index.add(Buffer.from('d'), given('directory'));
    expect(paths(index)).toEqual(['d', 'd-e', 'd/new']);
  });

  it('has a bound on how deep names are', () => {
    const index = new EntryIndex();
    index.add(Buffer.from(Array(255).fill('d').join('/')), given('file'));
    expect(paths(index)).toHaveLength(255);
    expect(() => index.add(Buffer.from(Array(256).fill('d').join('/')), given('file'))).toThrow('more than 255 parts');
  });

  it('counts the names of directories that are only implied', () => {
    const index = new EntryIndex();
    const deep = Array(254).fill('x'.repeat(14)).join('/');
    const fill = () => {
      for (let serial = 0; serial < 1_000; serial++) index.add(Buffer.from(`${serial}/${deep}`), given('file'));
    };
    expect(fill).toThrow('its names have more than');
  });

  it('replaces directories in a time that does not grow with what lies elsewhere', () => {
    const index = new EntryIndex();
    for (let serial = 0; serial < 50_000; serial++) {
      index.add(Buffer.from(`d${serial}`), given('directory'));
      index.add(Buffer.from(`d${serial}`), given('file'));
    }
    expect(paths(index)).toHaveLength(50_000);
  });
});
