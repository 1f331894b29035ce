import { describe, expect, it } from 'vitest';
import { compactJson, indentJson, parseExact } from './json-text.ts';

describe('JSON as text', () => {
  it('indents and keeps what the engine wrote', () => {
    expect(indentJson('{"a":[1,{}, []],"b":"x\\u003c:,{","n":1.50}')).toBe(
      '{\n    "a": [\n        1,\n        {},\n        []\n    ],\n    "b": "x\\u003c:,{",\n    "n": 1.50\n}',
    );
  });
  it('is what JSON.stringify makes of plain values', () => {
    const value = { a: [1, 'two', null, { b: [], c: {} }], d: true, e: 'q"\\' };
    expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 4).replace(/\[\s+\]/g, '[]'));
    expect(compactJson(JSON.stringify(value, null, 2))).toBe(JSON.stringify(value));
  });
  it('keeps integers that a double cannot hold', () => {
    expect(parseExact('{"a":9223372036854775807,"b":12,"c":"9223372036854775807","d":1.5}')).toEqual({
      a: 9223372036854775807n,
      b: 12,
      c: '9223372036854775807',
      d: 1.5,
    });
  });
});
