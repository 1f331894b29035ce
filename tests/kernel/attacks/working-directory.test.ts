// ATTACK CLASSES: CVE-2024-21626 (a descriptor of the host as working directory), CVE-2026-55686 (the working directory
// is made through a link).
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { busyboxImage } from '../../support/images.ts';
import { Arena, type Outcome } from './arena.ts';

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.open();
});
afterEach(() => arena.expectUntouched());
afterAll(() => arena.close());

const RUNTIMES = ['crun', 'runc'];
const DESCRIPTORS = Array.from({ length: 18 }, (_, n) => n + 3);

/**
 * Says where it is and what lies above it: outside its root, a process sees files of the host there, or cannot tell
 * where it is. The marker is a file that only this container's root has.
 */
const WHERE = ['sh', '-c', 'pwd -P; ls -d ../../../../../../../../marker 2>&1; ls -a . ..'];
const marked = busyboxImage(['marked:1'], { files: [{ path: 'marker', content: '' }] });

/** Refused, or inside: above it lies the container's own root. */
function expectInside(outcome: Outcome): void {
  if (outcome.exitCode === -1 || outcome.exitCode === 126) return;
  expect(outcome.output).toContain('../../../../../../../../marker\n');
  expect(outcome.output).toMatch(/^\//);
}

describe.each(RUNTIMES)('%s', (Runtime) => {
  beforeAll(() => arena.load(marked));

  test('a descriptor as working directory leads nowhere (run)', async () => {
    for (const n of DESCRIPTORS) {
      const wish = { Image: 'marked:1', Cmd: WHERE, WorkingDir: `/proc/self/fd/${n}`, HostConfig: { Runtime } };
      expectInside(await arena.run(wish));
    }
  });

  test('a descriptor as working directory of the image leads nowhere', async () => {
    for (const WorkingDir of ['/proc/self/fd/7', '/proc/1/fd/8/..', '/proc/self/cwd', '/proc/self/root/../..']) {
      await arena.load({ ...marked, tags: ['wandering:1'], config: { ...marked.config, WorkingDir } });
      expectInside(await arena.run({ Image: 'wandering:1', Cmd: WHERE, HostConfig: { Runtime } }));
    }
  });

  test('a descriptor as working directory leads nowhere (exec)', async () => {
    const id = await arena.up({ Image: 'marked:1', HostConfig: { Runtime } });
    for (const n of DESCRIPTORS) {
      expectInside(await arena.exec(id, { Cmd: WHERE, WorkingDir: `/proc/self/fd/${n}` }));
    }
    const fine = await arena.exec(id, { Cmd: ['pwd'], WorkingDir: '/root' });
    expect(fine.output).toBe('/root\n');
    await arena.remove(id);
  });

  test('processes have the three standard descriptors and no other', async () => {
    // The shell opens the directory that it lists: one more, the lowest that is free.
    const Cmd = ['sh', '-c', 'cd /proc/self/fd; echo *'];
    const listed = '0 1 2 3';
    expect((await arena.run({ Cmd, HostConfig: { Runtime } })).output.trim()).toBe(listed);
    for (const more of [{}, { OpenStdin: true }, { Tty: true }]) {
      const id = await arena.up({ HostConfig: { Runtime }, ...more });
      const everyProcess = 'for p in /proc/[0-9]*; do [ $p = /proc/$$ ] || { cd $p/fd && echo *; }; done';
      const { output } = await arena.exec(id, { Cmd: ['sh', '-c', everyProcess] });
      expect(new Set(output.trim().split('\n'))).toEqual(new Set(['0 1 2']));
      for (const wish of [{}, { AttachStdin: true }, { Privileged: true }]) {
        expect((await arena.exec(id, { Cmd, ...wish })).output.trim()).toBe(listed);
      }
      await arena.remove(id);
    }
    const id = await arena.up({ HostConfig: { Runtime, Init: true } });
    const links = await arena.exec(id, { Cmd: ['sh', '-c', 'cd /proc/1/fd; for fd in *; do readlink $fd; done'] });
    expect(links.output.trim().split('\n').slice(3).join()).toMatch(/^(anon_inode:\[signalfd\])?$/); // the init's own
    await arena.remove(id);
  });

  test('is made inside the root, whatever links lead to it', async () => {
    const links = [
      { path: 'absolute', link: arena.canary },
      { path: 'relative', link: `${'../'.repeat(12)}${arena.canary.slice(1)}` },
      { path: 'magic', link: `/proc/self/root${arena.canary}` },
      { path: 'engine', link: arena.engine.dataRoot },
      { path: 'dangling', link: 'nowhere' },
      { path: 'circle', link: 'circle' },
    ];
    const inside = links.slice(0, 4).map(({ link }) => ({ path: link.replace(/^(\.\.)?\/(\.\.\/)*/, '') }));
    await arena.load(busyboxImage(['linked:1'], { files: [...inside, ...links] }));
    for (const { path } of links) {
      const wish = { Image: 'linked:1', Cmd: ['sh', '-c', 'pwd -P'], HostConfig: { Runtime } };
      const outcome = await arena.run({ ...wish, WorkingDir: `/${path}/new/deep` });
      expect(outcome.status, `${path}: ${outcome.message}`).toBeLessThan(500);
      if (outcome.exitCode === 0) expect(outcome.output).toMatch(/\/new\/deep\n$/);
    }
    expect(readdirSync(arena.canary)).not.toContain('new');
    expect(existsSync(join(arena.engine.dataRoot, 'new'))).toBe(false);
    const fine = await arena.run({ Cmd: ['pwd'], WorkingDir: '/made/for/me', HostConfig: { Runtime } });
    expect(fine).toMatchObject({ exitCode: 0, output: '/made/for/me\n' });
  });
});
