// ATTACK CLASSES: CVE-2021-30465 and CVE-2024-45310 in volumes (what is mounted below or out of a volume is exchanged
// meanwhile), CVE-2023-0778 (links in volumes are followed by what copies them), CVE-2024-23652 (files of others are
// removed through a mount).
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { copyTree } from '../../../apps/engine/linux/copy-tree.ts';
import { getXattr, setXattr } from '../../../apps/engine/linux/xattr.ts';
import { mountsBelow } from '../../support/leaks.ts';
import { Arena } from './arena.ts';
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

let serial = 0;
async function volume(): Promise<{ name: string; data: string }> {
  const name = `hostile-${serial++}`;
  const made = await arena.engine.request('POST', '/volumes/create', { body: { Name: name } });
  return { name, data: made.json<{ Mountpoint: string }>().Mountpoint };
}

describe.each(['crun', 'runc'])('%s', (Runtime) => {
  const run = (Cmd: string[], host: object) => arena.run({ Cmd, HostConfig: { Runtime, ...host } });
  const subpath = (name: string, Subpath: string) => ({
    Mounts: [{ Type: 'volume', Source: name, Target: '/m', VolumeOptions: { Subpath } }],
  });

  test('a subpath that leads out of the volume is refused, one that stays inside is not', async () => {
    const { name, data } = await volume();
    mkdirSync(join(data, 'place'));
    writeFileSync(join(data, 'place/own'), '');
    symlinkSync(arena.canary, join(data, 'absolute'));
    symlinkSync(`${'../'.repeat(20)}${arena.canary.slice(1)}`, join(data, 'relative'));
    symlinkSync('place', join(data, 'inside'));
    symlinkSync('/proc/self/fd', join(data, 'magic'));
    symlinkSync('loop', join(data, 'loop'));
    for (const path of ['absolute', 'relative', 'absolute/directory', 'place/../absolute', 'magic/0', 'loop']) {
      const { status, message } = await run(['ls', '/m'], subpath(name, path));
      expect(status, path).toBe(400);
      expect(message).toContain('cannot mount');
    }
    expect(await run(['ls', '/m'], subpath(name, 'inside'))).toMatchObject({ exitCode: 0, output: 'own\n' });
  });

  test('a subpath that is exchanged for a link meanwhile shows nothing of the host', async () => {
    const { name, data } = await volume();
    mkdirSync(join(data, 'place/deep'), { recursive: true });
    writeFileSync(join(data, 'place/deep/own'), '');
    symlinkSync(arena.canary, join(data, 'evil'));
    await using racer = await exchange(join(data, 'place'), join(data, 'evil'));
    const end = Date.now() + RACE_MS;
    let seen = 0;
    for (let tries = 0; tries < TRIES && Date.now() < end; tries++) {
      const { status, output } = await run(['ls', '/m'], subpath(name, 'place/deep'));
      expect(status).toBeLessThan(500);
      if (status === 204) {
        expect(output).toBe('own\n');
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(0);
    expect(racer.count()).toBeGreaterThan(1000);
  });

  test('a place below a volume that is exchanged for a link makes nothing on the host', async () => {
    const { name, data } = await volume();
    mkdirSync(join(data, 'place'));
    symlinkSync(arena.canary, join(data, 'evil'));
    const inner = await volume();
    await using racer = await exchange(join(data, 'place'), join(data, 'evil'));
    const end = Date.now() + RACE_MS;
    for (let tries = 0; tries < TRIES && Date.now() < end; tries++) {
      const { status } = await run(['true'], { Binds: [`${name}:/v`, `${inner.name}:/v/place/below`] });
      expect(status).toBeLessThan(500);
      expect(readdirSync(arena.canary).sort()).toEqual(['directory', 'file', 'program']);
    }
    expect(racer.count()).toBeGreaterThan(1000);
  });

  test('a volume over /proc is refused', async () => {
    const { name } = await volume();
    expect((await run(['true'], { Binds: [`${name}:/proc`] })).status).toBe(400);
    expect((await run(['true'], { Binds: [`${name}:/proc/self`] })).status).toBe(400);
  });
});

test('backup, listing and reading of a volume whose names are exchanged for links show nothing of the host', async () => {
  const { name, data } = await volume();
  mkdirSync(join(data, 'place'));
  writeFileSync(join(data, 'place/own'), 'mine');
  symlinkSync(arena.canary, join(data, 'evil'));
  symlinkSync(join(arena.canary, 'file'), join(data, 'secret'));
  await using racer = await exchange(join(data, 'place'), join(data, 'evil'));
  const ask = async (rest: string) =>
    (await arena.engine.request('GET', `/berth/v1/volumes/${name}/${rest}`)).body.toString('latin1');
  const end = Date.now() + RACE_MS;
  let seen = 0;
  while (Date.now() < end) {
    const texts = await Promise.all([
      ask('backup'),
      ask('files?recursive=1'),
      ask('files?path=place'),
      ask('cat?path=place/own'),
      ask('cat?path=place/file'),
      ask('cat?path=secret'),
    ]);
    for (const text of texts) {
      expect(text).not.toContain('untouched');
      expect(text).not.toMatch(/"Path":"(place\/)?program"/);
    }
    if (texts[3] === 'mine') seen++;
  }
  expect(seen).toBeGreaterThan(0);
  expect(racer.count()).toBeGreaterThan(1000);
});

describe('copying', () => {
  const copy = (from: string, to: string) => {
    const [source, target] = [openSync(from, 'r'), openSync(to, 'r')];
    try {
      return copyTree(source, target);
    } finally {
      closeSync(source);
      closeSync(target);
    }
  };

  test('into a directory where others exchange names for links writes nothing elsewhere', async () => {
    const root = mkdtempSync(join(arena.shared, 'copy-'));
    const [from, to] = [join(root, 'from'), join(root, 'to')];
    for (const path of ['from/place/directory', 'to']) mkdirSync(join(root, path), { recursive: true });
    for (const name of ['file', 'program', 'directory/file']) writeFileSync(join(from, 'place', name), 'evil');
    symlinkSync(arena.canary, join(to, 'evil'));
    await using racer = await exchange(join(to, 'place'), join(to, 'evil'));
    const end = Date.now() + RACE_MS;
    while (Date.now() < end) {
      // The racer exchanges what is being removed as well: what stays is met by the next try.
      spawnSync('rm', ['-rf', '--', join(to, 'place'), join(to, 'evil')], { stdio: 'ignore' });
      spawnSync('ln', ['-sT', arena.canary, join(to, 'evil')], { stdio: 'ignore' });
      copy(from, to);
      arena.expectUntouched();
    }
    expect(racer.count()).toBeGreaterThan(100);
  });

  test('of files with several names gives no file elsewhere a name in the copy', async () => {
    const root = mkdtempSync(join(arena.shared, 'copy-'));
    const [from, to] = [join(root, 'from'), join(root, 'to')];
    const directories = Array.from({ length: 20 }, (_, i) => `d${i}`);
    for (const directory of directories) mkdirSync(join(from, directory), { recursive: true });
    const first = readdirSync(from)[0]!; // where the copy comes first, and so what others are linked to
    for (const name of ['file', 'program']) {
      writeFileSync(join(from, first, name), 'mine');
      for (const directory of directories)
        if (directory !== first) linkSync(join(from, first, name), join(from, directory, name));
    }
    mkdirSync(to);
    const clear = () => {
      spawnSync('rm', ['-rf', '--', ...readdirSync(to).map((name) => join(to, name))], { stdio: 'ignore' });
      spawnSync('ln', ['-sT', arena.canary, join(to, 'evil')], { stdio: 'ignore' });
    };
    clear();
    await using racer = await exchange(join(to, first), join(to, 'evil'));
    const end = Date.now() + RACE_MS;
    while (Date.now() < end) {
      copy(from, to);
      for (const name of ['file', 'program']) expect(statSync(join(arena.canary, name)).nlink).toBe(1);
      clear();
    }
    expect(racer.count()).toBeGreaterThan(100);
  });

  test('out of a directory where others exchange names for links reads nothing elsewhere', async () => {
    const root = mkdtempSync(join(arena.shared, 'copy-'));
    const from = join(root, 'from');
    mkdirSync(join(from, 'place'), { recursive: true });
    writeFileSync(join(from, 'place/own'), 'mine');
    symlinkSync(arena.canary, join(from, 'evil'));
    await using racer = await exchange(join(from, 'place'), join(from, 'evil'));
    const end = Date.now() + RACE_MS;
    while (Date.now() < end) {
      const to = mkdtempSync(join(root, 'to-'));
      copy(from, to);
      for (const name of readdirSync(to)) {
        const inside = join(to, name);
        if (!existsSync(join(inside, 'own')) && existsSync(join(inside, 'program')))
          expect(execFileSync('stat', ['-c', '%F', inside], { encoding: 'utf8' })).toBe('symbolic link\n');
      }
      rmSync(to, { recursive: true });
    }
    expect(racer.count()).toBeGreaterThan(1000);
  });

  test('keeps modes, owners, times, attributes, hard links, holes, devices and odd names', () => {
    const root = mkdtempSync(join(arena.shared, 'copy-'));
    const [from, to] = [join(root, 'from'), join(root, 'to')];
    mkdirSync(from);
    mkdirSync(to);
    execFileSync('sh', ['-ec', MAKE_TREE], { cwd: from });
    setXattr(join(from, 'bytes'), 'user.note', Buffer.from('text'));
    setXattr(join(from, 'd'), 'trusted.mine', Buffer.from('of a directory'));
    const figures = copy(from, to);
    expect(figures.shared + figures.copied).toBeGreaterThan(0);
    const listing = (cwd: string) => execFileSync('sh', ['-ec', LOOK], { cwd, encoding: 'utf8' });
    expect(listing(to)).toBe(listing(from));
    expect(getXattr(join(to, 'bytes'), 'user.note')?.toString()).toBe('text');
    expect(getXattr(join(to, 'd'), 'trusted.mine')?.toString()).toBe('of a directory');
    expect(Number(execFileSync('stat', ['-c', '%b', join(to, 'holes')], { encoding: 'utf8' }))).toBeLessThan(100);
    expect(readFileSync(join(to, 'one'), 'utf8')).toBe('linked\n');
  });
});

const MAKE_TREE = `
  echo linked > one; ln one two; mkdir -m 2751 d; ln one d/three
  printf 'a\\0b' > bytes; chmod 4711 bytes; chown 12:34 bytes; touch -d @1234567890.123456789 bytes
  truncate -s 10M holes; printf end | dd of=holes bs=1 seek=5000000 conv=notrunc status=none
  ln -s /etc/passwd link; chown -h 5:6 link; mkfifo pipe; mknod null c 1 3; mknod disk b 259 70000
  mkdir -p "$(printf 'odd\\377\\nname')"; touch -d @1000000000 d`;
const LOOK = `
  find . -printf '%P %y %m %U %G %s %T@ %l %n\\n' | grep -av '^ ' | sed 's/ [0-9]* \\([0-9.]* *[0-9]*\\)$/ \\1/' | sort
  stat -c '%n %t %T' null disk; sha256sum one bytes holes; stat -c %i one two d/three | sort -u | wc -l`;

test('removing a volume does not remove what is mounted in it', async () => {
  const { name, data } = await volume();
  mkdirSync(join(data, 'inner'));
  const precious = mkdtempSync(join(arena.shared, 'precious-'));
  writeFileSync(join(precious, 'file'), 'stays');
  execFileSync('mount', ['--bind', precious, join(data, 'inner')]);
  expect((await arena.engine.request('DELETE', `/volumes/${name}`)).status).toBe(204);
  expect(existsSync(data)).toBe(false);
  await expect.poll(() => readdirSync(join(arena.engine.dataRoot, 'trash'))).toEqual([]);
  expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('stays');
  expect(mountsBelow(arena.engine.dataRoot)).toEqual([]);
});
