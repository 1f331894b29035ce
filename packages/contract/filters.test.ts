import { expect, test } from 'vitest';
import { matchesLabels, parseFilters, unknownFilter } from './filters.ts';

test('both forms of the wire are read', () => {
  expect(parseFilters('{"label":{"a=b":true,"c":true},"dangling":{"true":true}}')).toEqual({
    label: ['a=b', 'c'],
    dangling: ['true'],
  });
  expect(parseFilters('{"label":["a=b","c"]}')).toEqual({ label: ['a=b', 'c'] });
  for (const nothing of ['', null, undefined, '{}', 'null']) expect(parseFilters(nothing)).toEqual({});
});

test.each(['{', '[]', '"a"', '{"a":1}', '{"a":[1]}', '{"a":{"b":"c"}}', '{"a":"b"}'])('%s is no filter', (text) =>
  expect(parseFilters(text)).toBeUndefined(),
);

test('a filter named like a member of every object is just a name', () => {
  const filters = parseFilters('{"__proto__":["x"],"constructor":["y"]}')!;
  expect(Object.keys(filters)).toEqual(['__proto__', 'constructor']);
  expect(unknownFilter(filters, ['label'])).toBe('__proto__');
});

test('labels match by name, or by name and value', () => {
  const labels = { a: 'b', empty: '' };
  expect(matchesLabels(labels, undefined)).toBe(true);
  expect(matchesLabels(labels, ['a', 'a=b', 'empty='])).toBe(true);
  expect(matchesLabels(labels, ['a=c'])).toBe(false);
  expect(matchesLabels(labels, ['constructor'])).toBe(false);
});
