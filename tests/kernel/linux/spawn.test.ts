import { closeSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { makePipe } from '../../../apps/engine/linux/descriptor.ts';
import { spawnProcess } from '../../../apps/engine/linux/spawn.ts';

/** Runs a shell script with its output on a pipe. */
async function run(script: string, more: Partial<Parameters<typeof spawnProcess>[2]> = {}) {
  const pipe = makePipe();
  const child = spawnProcess('sh', ['-c', script], {
    env: { PATH: process.env['PATH'] ?? '' },
    descriptors: ['null', pipe.write, pipe.write],
    ...more,
  });
  closeSync(pipe.write);
  const exit = await child.exited;
  const buffer = Buffer.alloc(65536);
  let text = '';
  for (let n = readSync(pipe.read, buffer); n > 0; n = readSync(pipe.read, buffer))
    text += buffer.toString('utf8', 0, n);
  closeSync(pipe.read);
  return { exit, text, pid: child.pid };
}

test('code or signal tells how a program ended', async () => {
  expect((await run('exit 7')).exit).toEqual({ code: 7, signal: undefined });
  expect((await run('kill -9 $$')).exit).toEqual({ code: undefined, signal: 9 });
});

test('the child gets the descriptors it was given and no others, its directory and its environment', async () => {
  const { text } = await run('ls /proc/self/fd | tr "\\n" " "; pwd; echo $A; readlink /proc/self/fd/0', {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', A: 'b c' },
  });
  // 3 is the directory that ls itself reads
  expect(text).toBe(`0 1 2 3 ${tmpdir()}\nb c\n/dev/null\n`);
});

test('signals are as for a fresh process: none ignored, none blocked', async () => {
  const { text } = await run('grep -E "^Sig(Ign|Blk)" /proc/self/status');
  const sets = text
    .split('\n')
    .filter(Boolean)
    .map((line) => BigInt(`0x${line.split('\t')[1]}`));
  // 32 and 33 are the C library's own: posix_spawn leaves them ignored until a program uses threads.
  expect(sets.map((set) => set & ~((1n << 31n) | (1n << 32n)))).toEqual([0n, 0n]);
});

test('a session of its own where that is asked for', async () => {
  const script = 'echo $$; cut -d" " -f6 /proc/$$/stat';
  const [own, session] = (await run(script, { newSession: true })).text.trim().split('\n');
  expect(session).toBe(own);
  const [other, inherited] = (await run(script)).text.trim().split('\n');
  expect(inherited).not.toBe(other);
});

test('what cannot be run is an error with its reason', () => {
  expect(() => spawnProcess('/no/such/program', [], { env: {}, descriptors: [] })).toThrow(/ENOENT/);
});

test('a kill reaches the child; afterwards there is none to reach', async () => {
  const child = spawnProcess('sleep', ['600'], {
    env: { PATH: process.env['PATH'] ?? '' },
    descriptors: ['null', 'null', 'null'],
  });
  expect(child.kill(15)).toBe(true);
  expect(await child.exited).toEqual({ code: undefined, signal: 15 });
  expect(child.kill(15)).toBe(false);
});
