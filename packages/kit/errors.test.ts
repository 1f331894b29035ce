import { expect, test } from 'vitest';
import { BerthError, describeError, errnoOf, httpStatusOf, isBerthError } from './errors.ts';

test('the status derives from the code', () => {
  const statuses = (
    [
      'invalid',
      'unauthorized',
      'forbidden',
      'not-found',
      'not-modified',
      'conflict',
      'not-supported',
      'unavailable',
      'canceled',
      'internal',
    ] as const
  ).map((code) => httpStatusOf(new BerthError(code, 'x')));
  expect(statuses).toEqual([400, 401, 403, 404, 304, 409, 501, 503, 499, 500]);
  for (const other of [new Error('x'), 'x', undefined]) expect(httpStatusOf(other)).toBe(500);
});

test('code, sentence, hint, details and cause are kept', () => {
  const cause = new Error('why');
  const error = new BerthError('conflict', 'what', { hint: 'do', details: { a: 1 }, cause });
  expect(error).toMatchObject({
    name: 'BerthError',
    code: 'conflict',
    message: 'what',
    hint: 'do',
    details: { a: 1 },
    cause,
  });
  expect(describeError(error)).toBe('what\ndo');
  expect([describeError(new Error('plain')), describeError('text')]).toEqual(['plain', 'text']);
  expect('cause' in new BerthError('invalid', 'x')).toBe(false);
});

test('kinds are told apart', () => {
  expect(isBerthError(new BerthError('conflict', 'x'), 'conflict')).toBe(true);
  expect(isBerthError(new BerthError('invalid', 'x'), 'conflict')).toBe(false);
  expect(isBerthError(new Error('x'), 'conflict')).toBe(false);
  expect(errnoOf(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT');
  expect([errnoOf(new Error('x')), errnoOf('x')]).toEqual([undefined, undefined]);
});
