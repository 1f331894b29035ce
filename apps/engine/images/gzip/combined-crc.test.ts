import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { combinedCrc } from './combined-crc.ts';

test.each([
  [0, 0],
  [0, 5],
  [7, 0],
  [1, 1],
  [1000, 333],
  [12, 1024 * 1024],
  [1024 * 1024, 3],
])('of %i and %i bytes is that of the whole', (one, other) => {
  const [a, b] = [randomBytes(one), randomBytes(other)];
  expect(combinedCrc(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
});
