import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  cgroupDirectories,
  cgroupProcesses,
  detectCgroups,
  isFrozen,
  oomKills,
  removeCgroup,
  setFrozen,
} from '../../../apps/engine/linux/cgroup.ts';

const host = detectCgroups();
let path: string;
beforeEach(() => {
  path = `/berth-test-${randomBytes(4).toString('hex')}`;
  for (const directory of cgroupDirectories(host, path)) mkdirSync(directory);
});
afterEach(() => {
  removeCgroup(host, path);
});

async function sleeper(group: string) {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(child, 'spawn');
  // A cpuset of version 1 takes no process before it was given CPUs and memory.
  for (const directory of cgroupDirectories(host, group))
    if (host.version === 2 || !existsSync(join(directory, 'cpuset.cpus')))
      writeFileSync(join(directory, 'cgroup.procs'), String(child.pid));
  return child;
}

test('the layout is that of this host: every hierarchy has the process in it', () => {
  const own = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  expect(cgroupDirectories(host, '/').length).toBeGreaterThanOrEqual(
    host.version === 2 ? 1 : own.filter((line) => !line.startsWith('0::')).length,
  );
  for (const directory of cgroupDirectories(host, '/'))
    expect(existsSync(join(directory, 'cgroup.procs')), directory).toBe(true);
});

test('processes of a group and below it are found; groups go when they are empty', async () => {
  const below = `${path}/below`;
  for (const directory of cgroupDirectories(host, below)) mkdirSync(directory);
  const [one, two] = [await sleeper(path), await sleeper(below)];
  try {
    expect(cgroupProcesses(host, path).sort()).toEqual([one.pid, two.pid].sort());
    expect(removeCgroup(host, path)).toBe(false);
  } finally {
    const ends = [once(one, 'exit'), once(two, 'exit')];
    for (const child of [one, two]) child.kill('SIGKILL');
    await Promise.all(ends);
  }
  expect(removeCgroup(host, path)).toBe(true);
  for (const directory of cgroupDirectories(host, path)) expect(existsSync(directory)).toBe(false);
  expect(removeCgroup(host, path)).toBe(true);
  expect([cgroupProcesses(host, path), oomKills(host, path), isFrozen(host, path)]).toEqual([[], 0, false]);
});

test('freezing holds processes, thawing lets them go on', async () => {
  const child = await sleeper(path);
  const ended = once(child, 'exit');
  await setFrozen(host, path, true);
  expect(isFrozen(host, path)).toBe(true);
  child.kill('SIGTERM');
  expect(await Promise.race([ended.then(() => 'ended'), new Promise((next) => setTimeout(next, 50, 'held'))])).toBe(
    'held',
  );
  await setFrozen(host, path, false);
  expect((await ended)[1]).toBe('SIGTERM');
  expect(isFrozen(host, path)).toBe(false);
});
