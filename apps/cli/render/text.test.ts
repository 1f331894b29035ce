import { describe, expect, it } from 'vitest';
import { displayPorts } from './ports.ts';
import { familiarImage, parseFamiliar } from './reference.ts';
import { alignTabs } from './tabwriter.ts';
import { displayWidth, ellipsis, quote, shortId } from './text.ts';

describe('text', () => {
  it.each([
    ['short', 20, 'short'],
    ['exactly twenty chars', 20, 'exactly twenty chars'],
    ['more than twenty characters', 20, 'more than twenty ch…'],
    ['日本語日本語', 5, '日本…'],
    ['x', 1, 'x'],
    ['', 1, ''],
    ['abc', 0, ''],
  ])('ellipsis of %s to %i', (text, width, expected) => expect(ellipsis(text, width)).toBe(expected));

  it('counts columns, not characters', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('日本')).toBe(4);
    expect(displayWidth('e\u0301')).toBe(1);
  });

  it('quotes as Go does', () => {
    expect(quote('a"b\\c\n\t\x01é\u200b\u{1f600}')).toBe('"a\\"b\\\\c\\n\\t\\x01é\\u200b😀"');
  });

  it('shortens ids', () => expect(shortId('sha256:0123456789abcdef')).toBe('0123456789ab'));
});

describe('alignTabs', () => {
  it('pads columns to the widest cell plus three, at least ten', () => {
    expect(alignTabs('A\tB\nlong cell here\tx')).toBe('A                B\nlong cell here   x');
    expect(alignTabs('A\tB\nb\tx')).toBe('A         B\nb         x');
  });
  it('a line with fewer cells ends the column', () => {
    expect(alignTabs('a\tb\nalone\nlonger text!\tc')).toBe('a         b\nalone\nlonger text!   c');
  });
});

describe('displayPorts', () => {
  const tcp = (PrivatePort: number, more: object = {}) => ({ PrivatePort, Type: 'tcp', ...more });
  it.each([
    ['exposed ranges', [tcp(80), tcp(82), tcp(81)], '80-82/tcp'],
    ['gaps', [tcp(80), tcp(83), tcp(81)], '80-81/tcp, 83/tcp'],
    ['published', [tcp(80, { IP: '0.0.0.0', PublicPort: 8080 })], '0.0.0.0:8080->80/tcp'],
    ['IPv6', [tcp(80, { IP: '::', PublicPort: 8080 })], '[::]:8080->80/tcp'],
    [
      'ranges to themselves',
      [tcp(80, { IP: '0.0.0.0', PublicPort: 80 }), tcp(81, { IP: '0.0.0.0', PublicPort: 81 })],
      '0.0.0.0:80-81->80-81/tcp',
    ],
    [
      'protocols apart',
      [tcp(53), { PrivatePort: 53, Type: 'udp' }, { PrivatePort: 54, Type: 'udp' }],
      '53/tcp, 53-54/udp',
    ],
    ['none', [], ''],
  ])('%s', (_name, ports, text) => expect(displayPorts(ports)).toBe(text));
});

describe('references', () => {
  it.each([
    ['docker.io/library/busybox:1', 'busybox:1'],
    ['docker.io/a/b', 'a/b'],
    [`localhost:5000/a/b:v1@sha256:${'a'.repeat(64)}`, 'localhost:5000/a/b:v1'],
    [`busybox@sha256:${'a'.repeat(64)}`, 'busybox'],
    ['Not A Reference', 'Not A Reference'],
    ['a'.repeat(64), 'a'.repeat(64)],
  ])('%s is shown as %s', (given, shown) => expect(familiarImage(given)).toBe(shown));

  it.each(['UPPER', 'a:b:c', '../x', 'a//b', 'a@sha256:../../x', ''])('%s is none', (text) =>
    expect(parseFamiliar(text)).toBeUndefined(),
  );
});
