import { BerthError } from '@berth/kit';
import { expect, test } from 'vitest';
import { refusal, startFailure } from './start-failure.ts';

/** What runtimes say, of which program, what is made of it. */
test.each([
  [
    'crun',
    'executable file `nope` not found in $PATH: No such file or directory',
    'nope',
    127,
    'exec: "nope": executable file not found in $PATH: unknown',
  ],
  [
    'crun',
    'executable file `/no/path` not found in $PATH: No such file or directory',
    '/no/path',
    127,
    'exec: "/no/path": stat /no/path: no such file or directory: unknown',
  ],
  ['crun', 'open executable: Permission denied', '/etc/passwd', 126, 'exec: "/etc/passwd": permission denied: unknown'],
  [
    'crun',
    'open executable: Operation not permitted',
    '/bin',
    126,
    'exec: "/bin": is a directory: permission denied: unknown',
  ],
  [
    'runc',
    'runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH',
    'nope',
    127,
    'exec: "nope": executable file not found in $PATH: unknown',
  ],
  [
    'runc',
    'runc create failed: unable to start container process: exec: "/x": stat /x: no such file or directory',
    '/x',
    127,
    'exec: "/x": stat /x: no such file or directory: unknown',
  ],
  [
    'runc',
    'runc create failed: unable to start container process: exec: "/x": permission denied',
    '/x',
    126,
    'exec: "/x": permission denied: unknown',
  ],
  [
    'runc',
    'runc create failed: unable to start container process: exec: "/bin": is a directory',
    '/bin',
    126,
    'exec: "/bin": is a directory: permission denied: unknown',
  ],
])('%s: %s', (_, words, program, code, sentence) => {
  const { error, exitCode } = startFailure(refusal(words), program);
  expect([error.code, exitCode]).toEqual(['invalid', code]);
  expect(error.message).toBe(
    `failed to create task for container: failed to create shim task: OCI runtime create failed: unable to start container process: error during container init: ${sentence}`,
  );
});

test('other words of a runtime are passed on behind the prefix', () => {
  const { error, exitCode } = startFailure(refusal('mount `x`: Invalid argument'), 'true');
  expect([exitCode, error.message]).toEqual([
    128,
    'failed to create task for container: failed to create shim task: OCI runtime create failed: mount `x`: Invalid argument',
  ]);
});

test("the engine's own errors stay what they are", () => {
  const own = new BerthError('conflict', 'port is already allocated');
  expect(startFailure(own, 'true')).toEqual({ error: own, exitCode: 128 });
  const bad = new BerthError('invalid', 'unable to find user x: no matching entries in passwd file', { hint: 'h' });
  expect(startFailure(bad, 'true')).toEqual({ error: bad, exitCode: 128 });
});

test('what is no error of ours is our fault', () => {
  expect(startFailure(new Error('boom'), 'true')).toMatchObject({
    exitCode: 128,
    error: { code: 'internal', message: expect.stringContaining('boom') },
  });
  expect(startFailure('text', 'true').error.code).toBe('internal');
});
