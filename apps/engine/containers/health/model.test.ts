import { describe, expect, test } from 'vitest';
import { sampleRecord } from '../show/summary-sample.ts';
import { goDuration } from './go-duration.ts';
import { LimitedOutput } from './limited-output.ts';
import { afterCheck, atStart, type Check, checkOf, type Health, isUnknownForm, pauseBefore } from './model.ts';

const configOf = (body: object) => sampleRecord(1, { body: { ...body } }).spec.config;

describe('what is asked for', () => {
  test.each<[object, string[] | undefined]>([
    [{}, undefined],
    [{ Healthcheck: { Interval: 1e9 } }, undefined],
    [{ Healthcheck: { Test: ['NONE'] } }, undefined],
    [{ Healthcheck: { Test: ['RUN', 'x'] } }, undefined],
    [{ Healthcheck: { Test: ['CMD', 'a', 'b c'] } }, ['a', 'b c']],
    [{ Healthcheck: { Test: ['CMD-SHELL', 'a b'] } }, ['/bin/sh', '-c', 'a b']],
    [{ Healthcheck: { Test: ['CMD-SHELL', 'a b'] }, Shell: ['/bin/ash', '-ec'] }, ['/bin/ash', '-ec', 'a b']],
  ])('%j', (body, command) => expect(checkOf(configOf(body))?.command).toEqual(command));

  test('forms that are not known', () => {
    expect(isUnknownForm(configOf({ Healthcheck: { Test: ['RUN', 'x'] } }))).toBe(true);
    for (const form of ['NONE', 'CMD', 'CMD-SHELL'])
      expect(isUnknownForm(configOf({ Healthcheck: { Test: [form, 'x'] } }))).toBe(false);
  });

  test('defaults are those of Docker', () => {
    expect(checkOf(configOf({ Healthcheck: { Test: ['CMD', 'x'], Retries: 0 } }))).toEqual({
      ...{ command: ['x'], interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5000, retries: 3 },
    });
    const times = { Interval: 2e9, Timeout: 1e6, StartPeriod: 3e9, StartInterval: 4e6, Retries: 7 };
    expect(checkOf(configOf({ Healthcheck: { Test: ['CMD', 'x'], ...times } }))).toMatchObject({
      ...{ interval: 2000, timeout: 1, startPeriod: 3000, startInterval: 4, retries: 7 },
    });
  });
});

test('times of an image that make no sense do not make the engine spin', () => {
  const times = { Interval: -5e9, Timeout: 1, StartPeriod: -1, StartInterval: 1 };
  const { config } = sampleRecord(1).spec;
  const odd = checkOf({ ...config, Healthcheck: { Test: ['CMD', 'x'], ...times } });
  expect(odd).toMatchObject({ interval: 1, timeout: 1, startPeriod: 1, startInterval: 1 });
});

const check: Check = {
  ...{ command: ['x'], interval: 30_000, timeout: 1000, startPeriod: 10_000, startInterval: 500, retries: 2 },
};
const result = (start: number, exitCode: number) => ({ start, end: start + 1, exitCode, output: '' });

/** Results, one each second from `from` on, of a container that started at 0. */
function course(codes: number[], from = 20_000, before: Health = atStart(undefined)): string[] {
  let health = before;
  return codes.map((code, n) => {
    health = afterCheck(health, result(from + n * 1000, code), check, 0);
    return `${health.status} ${health.failingStreak}`;
  });
}

describe('results', () => {
  test('make healthy at once, unhealthy after so many failures', () => {
    expect(course([0, 1, 0, 1, 1, 1, 0])).toEqual([
      ...['healthy 0', 'healthy 1', 'healthy 0', 'healthy 1', 'unhealthy 2', 'unhealthy 3', 'healthy 0'],
    ]);
    expect(course([-1, 1])).toEqual(['starting 1', 'unhealthy 2']);
  });

  test('do not count in the start period, unless one was good before', () => {
    expect(course([1, 1, 1], 0)).toEqual(['starting 0', 'starting 0', 'starting 0']);
    expect(course([1, 0, 1, 1], 0)).toEqual(['starting 0', 'healthy 0', 'healthy 1', 'unhealthy 2']);
    expect(course([1, 1, 1], 9000)).toEqual(['starting 0', 'starting 1', 'unhealthy 2']);
  });

  test('five are kept, also over starts', () => {
    let health = atStart(undefined);
    for (let n = 0; n < 7; n++) health = afterCheck(health, result(n, n), check, 0);
    expect(health.log.map(({ exitCode }) => exitCode)).toEqual([2, 3, 4, 5, 6]);
    expect(atStart(health)).toEqual({ status: 'starting', failingStreak: 0, log: health.log });
  });
});

test('the start interval holds until a check was good or the start period is over', () => {
  expect(pauseBefore(check, 'starting', 0, 1000)).toBe(500);
  expect(pauseBefore(check, 'healthy', 0, 1000)).toBe(30_000);
  expect(pauseBefore(check, 'starting', 0, 10_000)).toBe(30_000);
});

test('output is cut at 4096 bytes', () => {
  const output = new LimitedOutput();
  output.add(Buffer.alloc(4000, 'a'));
  expect(output.text()).toBe('a'.repeat(4000));
  output.add(Buffer.alloc(96, 'b'));
  expect(output.text()).toBe('a'.repeat(4000) + 'b'.repeat(96));
  output.add(Buffer.from('c'));
  expect(output.text()).toBe(`${'a'.repeat(4000)}${'b'.repeat(96)}...`);
});

test.each([
  [0, '0s'],
  [0.001, '1µs'],
  [1.5, '1.5ms'],
  [999, '999ms'],
  [1000, '1s'],
  [1500, '1.5s'],
  [90_000, '1m30s'],
  [3_600_000, '1h0m0s'],
  [3_661_500, '1h1m1.5s'],
])('%d ms is %s', (milliseconds, text) => expect(goDuration(milliseconds)).toBe(text));
