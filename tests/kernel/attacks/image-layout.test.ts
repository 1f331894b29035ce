// ATTACK CLASSES: CVE-2025-31133 (masks are made with the container's own dev/null), CVE-2025-52565 (dev/console is
// exchanged), CVE-2025-52881 (writes that are meant for procfs), CVE-2026-41579 (dev is a link).
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ImageRecipe } from '../../support/images.ts';
import { Arena, type Outcome } from './arena.ts';
import { exchange } from './exchange.ts';

const RACE_MS = 2000;

let arena: Arena;
const before = readHost();
beforeAll(async () => {
  arena = await Arena.open();
});
afterEach(() => {
  arena.expectUntouched();
  expect(readHost()).toEqual(before);
});
afterAll(() => arena.close());

const UP = '../'.repeat(12);
/** Places that an image may replace by a link, and what is said to be there. */
const PLACES = [
  'dev',
  'proc',
  'sys',
  'etc',
  'run',
  'dev/null',
  'dev/console',
  'dev/pts',
  'dev/shm',
  'dev/mqueue',
  'etc/hosts',
  'sys/fs/cgroup',
];

/** Settings of the kernel that the known attacks aim at. */
function readHost(): string[] {
  return ['kernel/core_pattern', 'vm/overcommit_memory', 'kernel/hostname'].map((name) =>
    readFileSync(`/proc/sys/${name}`, 'utf8'),
  );
}

/** An image with nothing but the usual directories, of which `place` is a link. */
function imageWith(place: string, link: string, name: string): ImageRecipe {
  const parents = place.split('/').slice(0, -1);
  const directories = ['dev', 'proc', 'sys', 'etc', 'run', ...parents.map((_, n) => parents.slice(0, n + 1).join('/'))];
  const files = [...new Set(directories)].filter((path) => path !== place).map((path) => ({ path }));
  return { tags: [name], files: [...files, { path: place, link }], config: {} };
}

/** The host's own busybox, so that the image can be tiny. */
const TOOLS = '/bin/busybox:/busybox:ro';
const SHELL = ['/busybox', 'sh', '-c'];

/** Everything that must hold inside, one line for each breach. */
const CHECK = `
for f in /proc/kcore /proc/keys /proc/timer_list; do [ -e $f ] && [ ! -c $f ] && echo "$f is not masked"; done
for d in /proc/acpi /proc/scsi /sys/firmware; do [ -d $d ] && [ -n "$(ls -A $d)" ] && echo "$d is not masked"; done
[ -w /proc/sysrq-trigger ] && echo y 2>/dev/null > /proc/sysrq-trigger-not && echo "proc takes files"
grep -q '^proc /proc proc rw,' /proc/mounts || echo "proc is not a proc"
grep -q ' /proc/sys proc ro,' /proc/mounts || echo "proc/sys can be written"
true`;

describe.each(['crun', 'runc'])('%s', (Runtime) => {
  test.each(PLACES)('%s of the image is a link to the host', async (place) => {
    const targets = [
      arena.canary,
      `${UP}${arena.canary.slice(1)}`,
      `${arena.canary}/file`,
      '/proc/sys/kernel/core_pattern',
      `/proc/self/root${arena.canary}`,
    ];
    for (const [index, target] of targets.entries()) {
      await arena.load(imageWith(place, target, 'planted:1'));
      const wish = { Image: 'planted:1', Cmd: [...SHELL, CHECK], Tty: index % 2 === 1 };
      expectContained(await arena.run({ ...wish, HostConfig: { Runtime, Binds: [TOOLS] } }));
    }
  });

  test('an image with directories runs', async () => {
    await arena.load(imageWith('usr', 'run', 'plain:1'));
    const wish = { Image: 'plain:1', Cmd: [...SHELL, CHECK], HostConfig: { Runtime, Binds: [TOOLS] } };
    expect(await arena.run(wish)).toEqual({ status: 204, message: '', exitCode: 0, output: '' });
  });

  test('a shared directory as dev works', async () => {
    const dev = join(arena.shared, `dev-${Runtime}`);
    makeDev(dev);
    const wish = { Cmd: ['/bin/sh', '-c', CHECK], HostConfig: { Runtime, Binds: [`${dev}:/dev`] } };
    expect(await arena.run(wish)).toEqual({ status: 204, message: '', exitCode: 0, output: '' });
  });

  // Everybody who can write to such a directory chooses what the masks are made of.
  test.each([
    ['null', '/proc/sys/kernel/core_pattern'],
    ['null', '/proc/self/oom_score_adj'],
    ['null', '/proc/sys'],
    ['null', 'CANARY/file'],
    ['console', '/proc/sys/kernel/core_pattern'],
    ['console', '/proc/self/oom_score_adj'],
    ['console', 'CANARY/file'],
    ['pts', 'CANARY'],
    ['pts', '/proc/sys/kernel'],
    ['shm', 'CANARY'],
    ['mqueue', '/proc/self/attr'],
    ['fd', 'CANARY'],
    ['ptmx', 'CANARY/file'],
  ])('dev/%s of a shared directory is a link to %s', async (name, to) => {
    const target = to.replace('CANARY', arena.canary);
    for (const Tty of [true, false]) {
      const dev = join(arena.shared, `dev-${Runtime}-${name}-${Tty}-${to.replaceAll('/', '_')}`);
      makeDev(dev);
      rmSync(join(dev, name), { recursive: true, force: true });
      symlinkSync(target, join(dev, name));
      const wish = { Cmd: ['/bin/sh', '-c', CHECK], Tty };
      expectContained(await arena.run({ ...wish, HostConfig: { Runtime, Binds: [`${dev}:/dev`] } }));
    }
  });

  test('a mask that is exchanged while it is made does not pass', async () => {
    const dev = join(arena.shared, `dev-${Runtime}-race`);
    makeDev(dev);
    symlinkSync('/proc/sys/kernel/core_pattern', join(dev, 'evil'));
    await using _ = await exchange(join(dev, 'null'), join(dev, 'evil'));
    const seen = new Set<string>();
    for (const end = Date.now() + RACE_MS; Date.now() < end; ) {
      const wish = { Cmd: ['/bin/sh', '-c', CHECK], HostConfig: { Runtime, Binds: [`${dev}:/dev`] } };
      const outcome = await arena.run(wish);
      // The check itself writes nowhere, but its shell's /dev/null may be gone at the moment.
      seen.add(outcome.exitCode === -1 ? 'refused' : 'ran');
      expect(outcome.output).not.toMatch(/not masked|not a proc|can be written/);
    }
    expect(seen.size, 'the race was on').toBeGreaterThan(0);
  });
});

/** A directory with the devices that every container has. */
function makeDev(dev: string): void {
  for (const name of ['pts', 'shm', 'mqueue']) mkdirSync(join(dev, name), { recursive: true });
  for (const [name, minor] of Object.entries({ null: 3, zero: 5, full: 7, random: 8, urandom: 9 })) {
    execFileSync('mknod', ['-m', '666', join(dev, name), 'c', '1', String(minor)]);
  }
  execFileSync('mknod', ['-m', '666', join(dev, 'tty'), 'c', '5', '0']);
  symlinkSync('pts/ptmx', join(dev, 'ptmx'));
}

/** Refused, or nothing to complain of inside. */
function expectContained(outcome: Outcome): void {
  expect(outcome.status, outcome.message).toBeLessThan(500);
  if (outcome.exitCode !== -1) expect(outcome).toMatchObject({ exitCode: 0, output: '' });
}
