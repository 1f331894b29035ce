import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lockFile } from '../../../apps/engine/linux/file-lock.ts';
import { signalProcess, watchProcess } from '../../../apps/engine/linux/pidfd.ts';
import { identifyProcess, isRunning } from '../../../apps/engine/linux/process.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-process-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const descriptors = () => readdirSync('/proc/self/fd').length;

/** A process whose parent is a shell, not this one. */
async function stranger(): Promise<{ pid: number; end(): Promise<void> }> {
  const shell = spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [text] = await once(shell.stdout, 'data');
  const pid = Number(String(text));
  const ended = once(shell, 'exit');
  return {
    pid,
    async end() {
      signalProcess(pid, 9, () => true);
      await ended;
    },
  };
}

test('the end of a process that is no child is told once, and the descriptor goes', async () => {
  const { pid, end } = await stranger();
  const before = descriptors();
  let told = 0;
  const over = new Promise<void>((resolve) => {
    watchProcess(pid, () => {
      told++;
      resolve();
    });
  });
  await new Promise((next) => setTimeout(next, 20));
  expect(told).toBe(0);
  await end();
  await over;
  await new Promise((next) => setTimeout(next, 20));
  expect(told).toBe(1);
  expect(descriptors()).toBeLessThanOrEqual(before);
});

test('a watch that is closed tells nothing', async () => {
  const { pid, end } = await stranger();
  const before = descriptors();
  const watch = watchProcess(pid, () => expect.unreachable());
  watch.close();
  await end();
  await new Promise((next) => setTimeout(next, 20));
  expect(descriptors()).toBeLessThanOrEqual(before);
});

test('many watches at once', async () => {
  const child = spawn('sh', ['-c', 'read line'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ends = Array.from({ length: 50 }, () => new Promise<void>((resolve) => watchProcess(child.pid!, resolve)));
  child.stdin.end();
  await Promise.all(ends);
});

test('what has ended cannot be watched', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  expect(() => watchProcess(child.pid!, () => {})).toThrow('ESRCH');
  expect(signalProcess(child.pid!, 9, () => true)).toBe(false);
});

test('a signal goes only to the process that was meant', async () => {
  const { pid, end } = await stranger();
  const identity = identifyProcess(pid)!;
  expect(isRunning(identity)).toBe(true);
  expect(isRunning({ ...identity, startTime: identity.startTime + 1 })).toBe(false);
  expect(signalProcess(pid, 9, () => false)).toBe(false);
  expect(isRunning(identity)).toBe(true);
  expect(signalProcess(pid, 15, () => isRunning(identity))).toBe(true);
  await end();
  expect(isRunning(identity)).toBe(false);
  expect(identifyProcess(0)).toBeUndefined();
});

test('a name full of spaces and parentheses does not hide the start time', async () => {
  const child = spawn(
    'perl',
    [
      '-e',
      '$| = 1; $0 = ") R 1 (x"; open(my $f, ">", "/proc/self/comm"); print $f ") Z 9 9"; close $f; print "ok\\n"; sleep 600',
    ],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await once(child.stdout, 'data');
  const identity = identifyProcess(child.pid!);
  expect(identity?.startTime).toBeGreaterThan(1000);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
});

test('a file is locked once: by this process, and against others', async () => {
  const path = join(dir, 'lock');
  const lock = lockFile(path)!;
  expect(lockFile(path)).toBeUndefined();
  const other = (command: string) => once(spawn('flock', ['-n', path, 'true', command]), 'exit');
  expect((await other(''))[0]).toBe(1);
  lock.release();
  expect((await other(''))[0]).toBe(0);
  const again = lockFile(path);
  expect(again).toBeDefined();
  again?.release();
  expect(() => lockFile(join(dir, 'no', 'directory'))).toThrow('ENOENT');
});
