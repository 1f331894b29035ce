import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { parseSignal, signalName, signalOfExitCode, stopSignalOf } from './signals.ts';

test.each([
  ['SIGTERM', 15],
  ['TERM', 15],
  ['term', 15],
  ['15', 15],
  ['9', 9],
  ['SIGRTMIN', 34],
  ['RTMIN+3', 37],
  ['SIGRTMAX-2', 62],
  ['64', 64],
  ['SIGCLD', 17],
])('%s is %i', (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(['', '0', '65', '-1', 'SIG', 'FOO', 'RTMIN-1', 'RTMAX+1', 'RTMIN+31', '9x', 'constructor', '1.5'])(
  'refuses %j',
  (text) => {
    expect(() => parseSignal(text)).toThrow(
      text === '65' ? 'the linux daemon does not support signal 65' : `invalid signal: ${text}`,
    );
  },
);

test('the numbers are those of this system', () => {
  for (const [name, number] of Object.entries(constants.signals)) expect(parseSignal(name)).toBe(number);
});

test('names and exit codes', () => {
  expect([signalName(9), signalName(37), signalName(33)]).toEqual(['SIGKILL', 'SIGRTMIN+3', '33']);
  expect([signalOfExitCode(137), signalOfExitCode(128), signalOfExitCode(1), signalOfExitCode(255)]).toEqual([
    9,
    undefined,
    undefined,
    undefined,
  ]);
});

test('what an image names as its stop signal and does not exist is SIGTERM', () => {
  expect([{}, { StopSignal: 'SIGINT' }, { StopSignal: 'SIGNONE' }, { StopSignal: '99' }].map(stopSignalOf)).toEqual([
    15, 2, 15, 15,
  ]);
});
