import { expect, test } from 'vitest';
import { atLeastApi, compareApiVersions, refuseApiVersion } from './api-version.ts';

test('versions compare by their numbers', () => {
  expect(compareApiVersions('1.9', '1.24')).toBeLessThan(0);
  expect(compareApiVersions('1.50', '1.50')).toBe(0);
  expect(compareApiVersions('2.0', '1.50')).toBeGreaterThan(0);
  expect(compareApiVersions('1', '1.0')).toBe(0);
  expect(atLeastApi('1.42', '1.42')).toBe(true);
  expect(atLeastApi('1.41', '1.42')).toBe(false);
});

test('versions outside the spoken range are refused in the words of Docker', () => {
  expect(refuseApiVersion('1.24')).toBeUndefined();
  expect(refuseApiVersion('1.50')).toBeUndefined();
  expect(refuseApiVersion('1.51')).toBe('client version 1.51 is too new. Maximum supported API version is 1.50');
  expect(refuseApiVersion('1.23')).toBe(
    'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
  );
});
