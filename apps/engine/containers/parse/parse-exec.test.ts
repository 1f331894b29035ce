import { expect, test } from 'vitest';
import { parseExec } from './parse-exec.ts';
import { parseDetachKeys } from './parse-exec-keys.ts';

test('a full wish', () => {
  expect(
    parseExec({
      Cmd: ['sh', '-c', 'x'],
      Env: ['A=b'],
      User: '1:2',
      WorkingDir: '/w',
      Tty: true,
      AttachStdin: true,
      AttachStdout: true,
      DetachKeys: 'ctrl-a',
      ConsoleSize: [24, 80],
      Unknown: 1,
    }),
  ).toEqual({
    cmd: ['sh', '-c', 'x'],
    env: ['A=b'],
    user: '1:2',
    workdir: '/w',
    tty: true,
    privileged: false,
    attachStdin: true,
    attachStdout: true,
    attachStderr: false,
    detachKeys: 'ctrl-a',
    consoleSize: [24, 80],
  });
});

test.each([
  [{}, 'No exec command specified'],
  [{ Cmd: [] }, 'No exec command specified'],
  [{ Cmd: ['x'], Env: ['=b'] }, 'invalid environment variable: =b'],
  [{ Cmd: [1] }, 'json: cannot unmarshal number into Go struct field ExecCreateRequest.Cmd of type string'],
  [{ Cmd: ['a\0'] }, 'null byte'],
  [{ Cmd: ['a'], WorkingDir: 'x' }, 'needs to be an absolute path'],
  [{ Cmd: ['a'], DetachKeys: 'ctrl-' }, 'Invalid detach keys (ctrl-) provided'],
])('refuses %j', (body, message) => {
  expect(() => parseExec(body)).toThrow(message);
});

test.each([
  ['ctrl-p,ctrl-q', [16, 17]],
  ['a', [97]],
  ['ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_', [0, 27, 28, 29, 30, 31]],
])('keys %s', (keys, bytes) => {
  expect(parseDetachKeys(keys)).toEqual(bytes);
});
