import { expect, test } from 'vitest';
import { sampleSpec } from '../spec/spec-sample.ts';
import { maxSizeOf } from './log-rotation.ts';

test.each([
  ['10', 10],
  ['10k', 10 * 1024],
  ['1.5m', 1.5 * 1024 * 1024],
  ['2G', 2 * 1024 ** 3],
  ['3 mb', 3 * 1024 ** 2],
])('max-size %s', (size, bytes) => {
  expect(maxSizeOf({ spec: sampleSpec({ LogConfig: { Type: 'json-file', Config: { 'max-size': size } } }) })).toBe(
    bytes,
  );
});

test('no limit', () => {
  expect(maxSizeOf({ spec: sampleSpec() })).toBeUndefined();
});
