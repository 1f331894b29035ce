import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { errnoOf } from '@berth/kit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLog } from '../../../apps/engine/containers/logs/index.ts';
import type { LogsOptions } from '../../../apps/engine/containers/service.ts';

/** What the monitor calls as its OCI runtime: starts PROGRAM on the stdio that it was given, without any container. */
const RUNTIME = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in --pid-file) PID_FILE=$2; shift;; create) CREATE=1;; esac
  shift
done
[ -n "$CREATE" ] || exit 0
sh -c "$PROGRAM" &
printf %s $! > "$PID_FILE"
`;

let dir: string;
let log: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-monitor-log-'));
  log = join(dir, 'log', 'container.log');
  for (const name of ['bundle', 'exits', 'log']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'bundle', 'config.json'), '{}');
  writeFileSync(join(dir, 'runtime'), RUNTIME, { mode: 0o755 });
  writeFileSync(log, '');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Runs a shell program under the real monitor; `ended` is aborted when monitor and program are gone. */
function monitor(program: string): AbortSignal {
  const ended = new AbortController();
  const path = (name: string) => join(dir, name);
  const args = [
    '--api-version',
    '1',
    '--sync',
    '-c',
    'x',
    '-u',
    'x',
    '-n',
    'x',
    '-r',
    path('runtime'),
    '-b',
    path('bundle'),
  ];
  args.push('-p', path('bundle/pid'), '--exit-dir', path('exits'), '--persist-dir', path('bundle'), '--full-attach');
  args.push('-l', `k8s-file:${log}`, '--log-level', 'error', '--no-sync-log');
  const child = spawn('conmon', args, {
    cwd: path('bundle'),
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: { PATH: process.env['PATH'], _OCI_SYNCPIPE: '3', PROGRAM: program, TMPDIR: tmpdir() },
  });
  void once(child, 'exit').then(() => ended.abort());
  return ended.signal;
}

const FOLLOW: LogsOptions = {
  stdout: true,
  stderr: true,
  follow: true,
  since: 0n,
  until: 0n,
  timestamps: false,
  details: false,
  tail: -1,
};

test('a follower gets every byte that a program wrote, whatever the bytes', async () => {
  const bytes = randomBytes(2_000_000);
  writeFileSync(join(dir, 'input'), bytes);
  const got = await buffer(openLog(log, FOLLOW, { tty: true, ended: monitor(`cat ${join(dir, 'input')}`) }));
  expect(createHash('sha256').update(got).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
});

test('both streams, with times, lines without an end', async () => {
  const ended = monitor('echo one; printf two; printf err >&2');
  const got = await text(openLog(log, { ...FOLLOW, timestamps: true }, { tty: true, ended }));
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z`;
  expect(got).toMatch(new RegExp(`^${time} one\n${time} two`));
  expect(got).toMatch(new RegExp(`${time} err`));
});

test('nothing is lost when the log is rotated while a program writes', async () => {
  // It waits after each part until the reader has come near, and writes on while the log is moved away.
  const go = join(dir, 'go');
  const ended = monitor(
    `i=0; for part in 1 2 3 4; do while [ $i -lt $((part * 5000)) ]; do echo line $i; i=$((i+1)); done;
     until [ $part = 4 ] || [ -e ${go}$part ]; do sleep 0.01; done; done`,
  );
  const stream = openLog(log, FOLLOW, { tty: true, ended });
  let got = '';
  let rotations = 0;
  for await (const chunk of stream) {
    got += chunk;
    if (rotations === 3 || !got.includes(`line ${(rotations + 1) * 5000 - 1}\n`)) continue;
    // The file is missing as long as the monitor has not followed the rotation before.
    await vi.waitFor(() => expect(existsSync(log)).toBe(true), { timeout: 10_000, interval: 5 });
    writeFileSync(`${go}${++rotations}`, '');
    rotate(rotations);
  }
  expect(rotations).toBe(3);
  const expected = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('');
  expect(got.length).toBe(expected.length);
  expect(got === expected).toBe(true);
});

/** As the engine does it: move the file away, then tell the monitor to open a new one. */
function rotate(rotations: number): void {
  renameSync(log, `${log}.${rotations}`);
  // Without waiting for a reader: the monitor may have ended by itself meanwhile, and there is none.
  try {
    const control = openSync(join(dir, 'bundle', 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(control, '2 0 0\n');
    closeSync(control);
  } catch (error) {
    if (errnoOf(error) !== 'ENXIO') throw error;
  }
}
