import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonPlaces } from './json-places.ts';

test('keys are found on their lines, in lists and objects too', () => {
  const text = '{ "a": 1,\n "b": {"c": "x\\"}",\n\n "d": [\n {"e": null}, [true]]}, "a":\n 2}';
  const { lines, twice } = jsonPlaces(text);
  expect(Object.fromEntries(lines)).toMatchObject({ a: 5, b: 2, 'b.c': 2, 'b.d': 4, 'b.d[0]': 5, 'b.d[0].e': 5 });
  expect(twice).toEqual(['a']);
});

test('every text that is JSON is read to its end', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 4), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const { lines, twice } = jsonPlaces(text);
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (isObject) for (const key of Object.keys(value)) expect(lines.has(key)).toBe(true);
      if (isObject && indent > 0)
        Object.keys(value).forEach((key) => {
          expect(text.split('\n')[lines.get(key)! - 1]).toContain(JSON.stringify(key));
        });
      // Keys with dots and brackets in them may read like paths of others; only plain ones are told apart for sure.
      if (!/[.[\]]/.test(text)) expect(twice).toEqual([]);
    }),
  );
});
