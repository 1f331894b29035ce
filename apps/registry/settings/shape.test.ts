import { BerthError } from '@berth/kit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { duration, size } from './shape.ts';
import { flagLines, readWords } from './words.ts';

test.each([
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['7d', 604_800_000],
  ['250ms', 250],
  ['1w', 604_800_000],
  ['0', 0],
  [0, 0],
])('the duration %j is %i milliseconds', (value, expected) => {
  expect(duration(value, 'x')).toBe(expected);
});

test.each(['', 'x', '5', '5 s', '-1s', '1.5h', 5, null, `${'9'.repeat(20)}s`])('%j is no duration', (value) => {
  expect(() => duration(value, 'x')).toThrow(BerthError);
});

test.each([
  ['512', 512],
  ['4MiB', 4 * 1024 ** 2],
  ['10g', 10 * 1024 ** 3],
  ['1 TB', 1024 ** 4],
  [7, 7],
])('the size %j is %i bytes', (value, expected) => {
  expect(size(value, 'x')).toBe(expected);
});

test.each(['', '-1', '1.5g', 'g', null, '9999999999t'])('%j is no size', (value) => {
  expect(() => size(value, 'x')).toThrow(BerthError);
});

test('an empty document gives all defaults', () => {
  expect(readConfig({}, '')).toMatchObject({ listen: '127.0.0.1:5000', delete: true, gc: { grace: 3_600_000 } });
});

test.each([
  [{ lisen: 'x' }, 'the setting lisen is not known'],
  [{ gc: { grace: 'x' } }, 'the setting gc.grace is no duration'],
  [{ gc: { grase: '1h' } }, 'the setting gc.grase is not known; there is interval, grace'],
  [{ retention: { rules: [{}, { keepLast: -1 }] } }, 'the setting retention.rules[1].keepLast is no whole number'],
  [{ limits: { connections: 0 } }, 'the setting limits.connections is no whole number from 1 on'],
  [{ access: { tokenLifetime: '0' } }, 'the setting access.tokenLifetime is less than 1s'],
  [{ access: { tokenLifetime: '400ms' } }, 'the setting access.tokenLifetime is less than 1s'],
  [
    { storage: { s3: { endpoint: 'https://x', bucket: 'bucket', partSize: 1 } } },
    'the setting storage.s3.partSize is less than 64KiB',
  ],
  [{ quotas: [{ repositories: [], bytes: 1 }] }, 'the setting quotas[0].repositories is an empty list'],
  [{ quotas: [{ repositories: ['{x}'], bytes: 1 }] }, 'invalid repository pattern "{x}"'],
  [
    { quotas: [{ repositories: ['home/{user}/**'], bytes: 1 }] },
    'the repository pattern "home/{user}/**" names {user}, and nobody is asking here',
  ],
  [{ retention: { rules: [{ repositories: [] }] } }, 'the setting retention.rules[0].repositories is an empty list'],
  [{ retention: { rules: [{ repositories: ['team/'] }] } }, 'invalid repository pattern "team/"'],
  [{ delete: 'yes' }, 'the setting delete is neither true nor false'],
  [[], 'the setting as a whole is no object'],
])('%j is refused by name', (document, message) => {
  expect(() => readConfig(document, '')).toThrow(message);
});

test('any JSON is read or refused with a sentence', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('gc', 'log', 'limits', 'root', 'x'), fc.jsonValue()), (document) => {
      try {
        readConfig(document, '');
      } catch (error) {
        expect(error).toBeInstanceOf(BerthError);
      }
    }),
  );
});

test('words of a command line', () => {
  const specs = [
    { name: 'root DIR', help: 'where' },
    { name: 'dry-run', help: 'only say\nso' },
  ];
  expect(Object.fromEntries(readWords('x', ['--root', '/a', '--dry-run'], specs))).toEqual({
    root: '/a',
    'dry-run': 'true',
  });
  expect(Object.fromEntries(readWords('x', ['--root=/b=c', '--dry-run=false', '-h'], specs))).toEqual({
    root: '/b=c',
    help: 'true',
  });
  for (const words of [['--root'], ['--rot', 'x'], ['x'], ['--dry-run=maybe']])
    expect(() => readWords('x', words, specs)).toThrow(BerthError);
  expect(flagLines(specs)).toBe(`      --root DIR   where
      --dry-run    only say
                   so
      --help       Print this
`);
});
