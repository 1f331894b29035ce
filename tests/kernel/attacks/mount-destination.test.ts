// ATTACK CLASSES: CVE-2021-30465 and CVE-2024-45310 (the destination of a mount is exchanged while it is made),
// CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642 (something over /proc), CVE-2022-23648 (the path of a
// volume leads out of the image).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { busyboxImage, type ImageRecipe } from '../../support/images.ts';
import { mountsBelow } from '../../support/leaks.ts';
import { Arena, HONEST } from './arena.ts';
import { exchange } from './exchange.ts';

/** Per case; a start takes some 30 ms. */
const TRIES = 100;
const RACE_MS = 2000;

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.open();
});
afterEach(() => {
  arena.expectUntouched();
  expect(mountsBelow(arena.canary)).toEqual([]);
});
afterAll(() => arena.close());

describe.each(['crun', 'runc'])('%s', (Runtime) => {
  const run = (Cmd: string[], host: object, more: object = {}) =>
    arena.run({ Cmd, HostConfig: { Runtime, ...host }, ...more });

  describe.each(['directory', 'file'])('the destination of a %s below a shared directory', (kind) => {
    const prepare = (name: string) => {
      const shared = join(arena.shared, `${Runtime}-${kind}-${name}`);
      mkdirSync(join(shared, 'place'), { recursive: true });
      symlinkSync(
        name === 'absolute' ? arena.canary : `${'../'.repeat(20)}${arena.canary.slice(1)}`,
        join(shared, 'evil'),
      );
      const source = join(arena.shared, `${Runtime}-${kind}-${name}-source`);
      if (kind === 'file') writeFileSync(source, 'content');
      else mkdirSync(source);
      return { shared, Binds: [`${shared}:/shared`, `${source}:/shared/place/below`] };
    };

    test('is made where it should be', async () => {
      const { shared, Binds } = prepare('quiet');
      expect(await run(['ls', '/shared/place'], { Binds })).toMatchObject({ exitCode: 0, output: 'below\n' });
      expect(readdirSync(join(shared, 'place'))).toEqual(['below']);
    });

    test.each(['absolute', 'relative'])('that is exchanged for a link (%s) makes nothing on the host', async (name) => {
      const { shared, Binds } = prepare(name);
      await using racer = await exchange(join(shared, 'place'), join(shared, 'evil'));
      const end = Date.now() + RACE_MS;
      for (let tries = 0; tries < TRIES && Date.now() < end; tries++) {
        const outcome = await run(['true'], { Binds });
        expect(outcome.status, outcome.message).toBeLessThan(500);
        expect(readdirSync(arena.canary).sort()).toEqual(['directory', 'file', 'program']);
      }
      expect(racer.count()).toBeGreaterThan(1000);
    });
  });

  test('mounts below mounts are what they were asked to be, and leave nothing on the host', async () => {
    const outer = join(arena.shared, `${Runtime}-outer`);
    const [inner, file] = [join(arena.shared, `${Runtime}-inner`), join(arena.shared, `${Runtime}-file`)];
    mkdirSync(join(outer, 'deep'), { recursive: true });
    symlinkSync('deep', join(outer, 'link'));
    mkdirSync(inner);
    writeFileSync(join(outer, 'own'), 'outer');
    writeFileSync(join(inner, 'own'), 'inner');
    writeFileSync(file, 'file');
    await arena.load(busyboxImage(['nested:1'], { files: [{ path: 'alias', link: 'outer' }] }));
    const host = {
      Binds: [
        `${outer}:/outer`,
        `${inner}:/outer/deep/inner:ro`,
        `${file}:/outer/f:ro`,
        `${inner}:/alias/second`,
        '/outer/volume',
      ],
      Tmpfs: { '/outer/link/memory': 'size=64k,mode=700' },
    };
    const script = [
      'cat /outer/own /outer/deep/inner/own /outer/f /outer/second/own; echo',
      'touch /outer/w && touch /outer/second/w && touch /outer/volume/w && echo writable',
      'touch /outer/deep/inner/x 2>/dev/null || echo read-only; echo x 2>/dev/null > /outer/f || echo read-only',
      'grep -c " /outer/deep/memory tmpfs rw.*size=64k,mode=700" /proc/mounts',
    ].join('; ');
    const outcome = await run(['sh', '-c', script], host, { Image: 'nested:1' });
    expect(outcome).toMatchObject({ exitCode: 0, output: 'outerinnerfileinner\nwritable\nread-only\nread-only\n1\n' });
    expect(readdirSync(inner).sort()).toEqual(['own', 'w']);
    expect(readFileSync(join(outer, 'own'), 'utf8')).toBe('outer');
    expect(mountsBelow(arena.shared)).toEqual([]);
    expect(mountsBelow(join(arena.engine.execRoot, 'stage'))).toEqual([]);
  });

  test('the engine’s files come into a shared /etc, and the outer mount may be read-only', async () => {
    const etc = join(arena.shared, `${Runtime}-etc`);
    mkdirSync(etc);
    for (const name of ['hosts', 'hostname', 'resolv.conf']) writeFileSync(join(etc, name), 'of the host');
    for (const mode of ['rw', 'ro']) {
      const outcome = await run(
        ['sh', '-c', 'grep -q localhost /etc/hosts && echo own; touch /etc/x 2>/dev/null && echo writable; true'],
        { Binds: [`${etc}:/etc:${mode}`] },
      );
      expect(outcome, mode).toMatchObject({ exitCode: 0, output: mode === 'rw' ? 'own\nwritable\n' : 'own\n' });
    }
    expect(readFileSync(join(etc, 'hosts'), 'utf8')).toBe('of the host');
  });

  const over = (name: string) => {
    const source = join(arena.shared, `${Runtime}-${name}`);
    mkdirSync(join(source, 'sys/kernel'), { recursive: true });
    return source;
  };
  const linked = (): ImageRecipe =>
    busyboxImage(['linked:1'], {
      files: [
        { path: 'p', link: 'proc' },
        { path: 'q', link: '/proc/sys' },
      ],
    });
  /** What /proc is for the program, and that it is its own. */
  const LOOK = [
    'sh',
    '-c',
    'grep " /proc proc " /proc/mounts >/dev/null && readlink /proc/self | grep -q "[0-9]" && echo real',
  ];

  test.each<[string, () => object]>([
    ['a directory', () => ({ Binds: [`${over('plain')}:/proc`] })],
    ['a read-only directory', () => ({ Binds: [`${over('plain')}:/proc:ro`] })],
    ['a directory, written otherwise', () => ({ Binds: [`${over('plain')}:/x/../proc/.`] })],
    ['a mount of the new kind', () => ({ Mounts: [{ Type: 'bind', Source: over('plain'), Target: '/proc' }] })],
    ['a tmpfs', () => ({ Tmpfs: { '/proc': '' } })],
    ['a tmpfs of the new kind', () => ({ Mounts: [{ Type: 'tmpfs', Target: '/proc' }] })],
    ['an anonymous volume', () => ({ Binds: ['/proc'] })],
    ['a directory in it', () => ({ Binds: [`${over('plain')}:/proc/sys`] })],
    ['a directory in its depth', () => ({ Binds: [`${over('plain')}:/proc/self/attr`] })],
    ['the host’s, for a setting', () => ({ Binds: ['/proc/sys:/proc/sys'] })],
  ])('/proc is not covered by %s', async (_what, host) => {
    const outcome = await run(LOOK, host());
    expect(outcome.status).toBe(400);
    expect(outcome.message).toMatch(/proc/);
  });

  test('/proc is not covered by a volume of the image', async () => {
    for (const [n, path] of ['/proc', '/proc/sys', 'proc', '/x/../proc'].entries()) {
      const image = busyboxImage([`volume:${n}`]);
      const config = { ...image.config, Volumes: { [path]: {} } };
      await arena.load({ ...image, config });
      const outcome = await run(LOOK, {}, { Image: `volume:${n}` });
      if (outcome.exitCode !== -1) expect(outcome.output, path).toBe('real\n');
      else expect(outcome.status).toBe(400);
    }
  });

  test('/proc is not covered through a link of the image', async () => {
    await arena.load(linked());
    for (const target of ['/p', '/p/sys', '/q', '/q/kernel']) {
      const outcome = await run(LOOK, { Binds: [`${over('plain')}:${target}`] }, { Image: 'linked:1' });
      expect(outcome.status, target).toBe(400);
    }
  });

  test('/proc is not covered through a link of a shared directory', async () => {
    for (const [n, to] of ['/proc', '../proc', '/proc/sys', '/proc/self/attr'].entries()) {
      const shared = join(arena.shared, `${Runtime}-links-${n}`);
      mkdirSync(shared);
      symlinkSync(to, join(shared, 'link'));
      const outcome = await run(LOOK, { Binds: [`${shared}:/shared`, `${over('plain')}:/shared/link`] });
      expect(outcome.status, to).toBe(400);
    }
  });

  test('what may lie over /proc does', async () => {
    const cpuinfo = join(arena.shared, `${Runtime}-cpuinfo`);
    writeFileSync(cpuinfo, 'emulated\n');
    const emulated = await run(['cat', '/proc/cpuinfo'], { Binds: [`${cpuinfo}:/proc/cpuinfo:ro`] });
    expect(emulated).toMatchObject({ exitCode: 0, output: 'emulated\n' });
    for (const target of ['/proc', '/host/proc']) {
      const host = await run(['cat', `${target}/1/comm`], { PidMode: 'host', Binds: [`/proc:${target}`] });
      expect(host).toMatchObject({ exitCode: 0, output: readFileSync('/proc/1/comm', 'utf8') });
    }
  });

  test('volumes of an image hold what the image has there, and nothing of the host', async () => {
    const secret = join(arena.canary, 'file');
    const image = busyboxImage(['volumes:1'], {
      files: [
        { path: 'data' },
        { path: 'data/own', content: 'of the image' },
        { path: 'out', link: arena.canary },
        { path: 'up', link: `${'../'.repeat(20)}${arena.canary.slice(1)}` },
        { path: 'magic', link: `/proc/self/root${arena.canary}` },
        { path: 'data/inner', link: secret },
      ],
    });
    const Volumes = Object.fromEntries(
      ['/data', '/out', '/up', '/magic', `/${'../'.repeat(9)}${arena.canary.slice(1)}`, `${arena.canary}`].map(
        (path) => [path, {}],
      ),
    );
    for (const path of Object.keys(Volumes)) {
      await arena.load({ ...image, config: { ...image.config, Volumes: { [path]: {} } } });
      const outcome = await run(
        ['sh', '-c', 'find / -xdev -name program -o -name own | sort; cat /*/file 2>/dev/null'],
        {},
        { Image: 'volumes:1' },
      );
      expect(outcome.status, outcome.message).toBeLessThan(500);
      expect(outcome.output, path).not.toMatch(/program|untouched/);
    }
    await arena.load({ ...image, config: { ...image.config, Volumes: { '/data': {} } } });
    const fine = await run(['cat', '/data/own'], {}, { Image: 'volumes:1' });
    expect(fine).toMatchObject({ exitCode: 0, output: 'of the image' });
    expect((await run(['true'], {}, { Image: HONEST })).exitCode).toBe(0);
  });
});

test('what a killed engine left staged is let go of by the next one, and no file of it is harmed', async () => {
  const source = join(arena.shared, 'staged');
  mkdirSync(source);
  writeFileSync(join(source, 'precious'), 'content');
  await arena.engine.kill();
  const stage = join(arena.engine.execRoot, 'stage', 'left-0');
  mkdirSync(stage, { recursive: true });
  execFileSync('mount', ['--bind', source, stage]);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', stage]);
  await arena.engine.start();
  expect(mountsBelow(stage)).toEqual([]);
  expect(existsSync(stage)).toBe(false);
  expect(readFileSync(join(source, 'precious'), 'utf8')).toBe('content');
});
