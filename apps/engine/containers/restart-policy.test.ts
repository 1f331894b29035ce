import { expect, test } from 'vitest';
import type { ContainerRecord } from './model.ts';
import { shouldRestart, shouldStartWithEngine } from './restart-policy.ts';
import { sampleSpec } from './spec/spec-sample.ts';

function record(Name: string, more: Partial<ContainerRecord> = {}, MaximumRetryCount = 0): ContainerRecord {
  const ended = { startedAt: 1, finishedAt: 2, exitCode: 1, oomKilled: false, error: '' };
  return {
    ...{
      id: 'a',
      name: 'a',
      createdAt: 0,
      imageId: 'sha256:a',
      restartCount: 0,
      stoppedByUser: false,
      sandbox: undefined,
    },
    spec: sampleSpec({ RestartPolicy: { Name, MaximumRetryCount } }),
    state: { status: 'exited', ...ended },
    ...more,
  };
}

/** Policy, exit code, stopped by a user; restarts at the end of a run; starts with the engine. */
test.each<[string, number, boolean, boolean, boolean]>([
  ['no', 1, false, false, false],
  ['', 1, false, false, false],
  ['always', 0, false, true, true],
  ['always', 1, true, false, true],
  ['unless-stopped', 0, false, true, true],
  ['unless-stopped', 1, true, false, false],
  ['on-failure', 0, false, false, false],
  ['on-failure', 1, false, true, true],
  ['on-failure', 1, true, false, false],
])('%s after code %i, stopped by a user: %s', (name, code, stoppedByUser, restarts, starts) => {
  const one = record(name, { stoppedByUser });
  expect([shouldRestart(one, code), shouldStartWithEngine(one, code)]).toEqual([restarts, starts]);
});

test('on-failure counts, where it was given a number', () => {
  expect(shouldRestart(record('on-failure', { restartCount: 2 }, 3), 1)).toBe(true);
  expect(shouldRestart(record('on-failure', { restartCount: 3 }, 3), 1)).toBe(false);
  expect(shouldRestart(record('on-failure', { restartCount: 1000 }), 1)).toBe(true);
});

test('what was never started does not start with the engine', () => {
  const created = record('always', { state: { status: 'created', error: '', exitCode: 0 } });
  expect(shouldStartWithEngine(created, 0)).toBe(false);
});
