import { describe, expect, it } from 'vitest';
import { DetachFilter, parseDetachKeys } from './detach-keys.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('detach keys', () => {
  it.each<[string, number[]]>([
    ['', [16, 17]],
    ['ctrl-p,ctrl-q', [16, 17]],
    ['ctrl-@', [0]],
    ['ctrl-X,a', [24, 97]],
    ['ctrl-\\', [28]],
  ])('reads %s', (text, expected) => {
    expect([...parseDetachKeys(text)]).toEqual(expected);
  });

  it.each(['foo', 'ctrl-', 'ctrl-1', 'a,', 'ctrl-ab'])('refuses %s', (text) => {
    expect(() => parseDetachKeys(text)).toThrow(`invalid detach keys (${text})`);
  });
});

describe('the filter', () => {
  const feed = (...chunks: Uint8Array[]) => {
    const filter = new DetachFilter(parseDetachKeys(''));
    const seen = chunks.map((chunk) => filter.push(chunk));
    return { sent: seen.flatMap(({ data }) => [...data]), detached: seen.at(-1)?.detached };
  };

  it('detaches on the sequence, in one piece or two', () => {
    expect(feed(bytes(97, 16, 17, 98))).toEqual({ sent: [97], detached: true });
    expect(feed(bytes(16), bytes(17))).toEqual({ sent: [], detached: true });
  });

  it('sends on what was only a beginning', () => {
    expect(feed(bytes(16), bytes(97))).toEqual({ sent: [16, 97], detached: false });
  });

  it('takes a repeated first key as a new beginning', () => {
    expect(feed(bytes(16, 16, 17))).toEqual({ sent: [16], detached: true });
  });

  it('holds a beginning back', () => {
    expect(feed(bytes(97, 16))).toEqual({ sent: [97], detached: false });
  });
});
