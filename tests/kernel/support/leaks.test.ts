import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseIdentity, type EngineIdentity } from '../../support/identity.ts';
import { findLeaks, mountsBelow, sweep, waitForNoLeaks } from '../../support/leaks.ts';

let id: EngineIdentity;
beforeEach(async () => {
  id = await chooseIdentity();
  for (const directory of [id.dataRoot, id.execRoot]) mkdirSync(directory, { recursive: true });
});
afterEach(() => sweep(id));

const sh = (script: string) => execFileSync('sh', ['-ec', script], { encoding: 'utf8', stdio: 'pipe' });

/** A mount point of a cgroup hierarchy that every host of ours has. */
const HIERARCHY = readFileSync('/proc/self/mounts', 'utf8')
  .split('\n')
  .map((line) => line.split(' '))
  .find((fields) => fields[2] === 'cgroup2' || (fields[2] === 'cgroup' && fields[3]!.includes('pids')))![1]!;

test('an engine that left nothing is clean', async () => {
  expect(await findLeaks(id, 0)).toEqual([]);
});

test.each<[string, (plant: EngineIdentity) => string, RegExp]>([
  ['a mount', (plant) => `mkdir ${plant.execRoot}/m && mount -t tmpfs tmpfs ${plant.execRoot}/m`, /^mount .*\/run\/m$/],
  [
    'a namespace',
    (plant) => `touch ${plant.execRoot}/netns && unshare -n mount --bind /proc/self/ns/net ${plant.execRoot}/netns`,
    /^mount .*\/run\/netns$/,
  ],
  ['a file', (plant) => `mkdir -p ${plant.dataRoot}/containers/c`, /^file .*\/data\/containers\/c$/],
  ['a cgroup', (plant) => `mkdir -p ${path.join(HIERARCHY, plant.cgroupParent, 'c')}`, /^cgroup .*berth-test-.*\/c$/],
  [
    'a link',
    (plant) =>
      `ip link add ${plant.bridge} type bridge && ip link add ${plant.bridge}p type veth peer name ${plant.bridge}q && ip link set ${plant.bridge}p master ${plant.bridge}`,
    /^link bt\w+p on bridge bt/,
  ],
  [
    'a published port',
    (plant) =>
      `nft 'table inet ${plant.nftTable} { map pub4 { type inet_service : ipv4_addr . inet_service; elements = { 80 : 10.0.0.1 . 80 }; }; }'`,
    /^nftables element pub4 /,
  ],
])('%s is found, and swept', async (_name, script, found) => {
  sh(script(id));
  try {
    expect(await findLeaks(id, 0)).toEqual([expect.stringMatching(found)]);
  } finally {
    if (existsSync(`/sys/class/net/${id.bridge}p`)) sh(`ip link delete ${id.bridge}p`);
    await sweep(id);
  }
  expect(await findLeaks(id, 0)).toEqual([]);
  expect([existsSync(id.root), mountsBelow(id.root)]).toEqual([false, []]);
});

test('a process is found by its command line, and swept; the engine itself is none', async () => {
  const child = spawn('sh', ['-c', 'read line', id.execRoot], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  await expect.poll(() => findLeaks(id, 0)).toEqual([expect.stringMatching(`^process ${child.pid}: sh -c read line`)]);
  expect(await findLeaks(id, child.pid!)).toEqual([]);
  await sweep(id);
  expect(await ended).toBe('SIGKILL');
});

test('what the kernel removes a little later is no leak', async () => {
  sh(`mkdir ${id.execRoot}/m && mount -t tmpfs tmpfs ${id.execRoot}/m`);
  const waiting = waitForNoLeaks(id, 0, 5000);
  sh(`umount ${id.execRoot}/m`);
  expect(await waiting).toEqual([]);
});

test('two engines share nothing', async () => {
  const other = await chooseIdentity();
  try {
    for (const name of ['root', 'socket', 'bridge', 'bip', 'nftTable', 'cgroupParent'] as const)
      expect(other[name]).not.toBe(id[name]);
  } finally {
    await sweep(other);
  }
});
