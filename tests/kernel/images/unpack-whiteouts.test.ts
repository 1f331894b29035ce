import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { mount, unmount } from '../../../apps/engine/linux/mount.ts';
import { getXattr } from '../../../apps/engine/linux/xattr.ts';
import { archiveOf, openWorkshop } from './unpacking.ts';

const workshop = openWorkshop();
afterAll(() => workshop.close());

const file = (name: string, content = '') => ({ name, type: 'file' as const, content });
const directory = (name: string) => ({ name, type: 'directory' as const });

function isWhiteout(path: string): boolean {
  const stat = lstatSync(path);
  return stat.isCharacterDevice() && stat.rdev === 0;
}

test('whiteouts become what overlayfs reads', async () => {
  const { path } = await workshop.unpack(
    archiveOf([file('.wh.top'), file('a/b/.wh.x'), file('d/.wh..wh..opq'), file('d/new')]),
  );
  expect(isWhiteout(join(path, 'top'))).toBe(true);
  expect(isWhiteout(join(path, 'a/b/x'))).toBe(true);
  expect(getXattr(join(path, 'd'), 'trusted.overlay.opaque')?.toString()).toBe('y');
  expect(readdirSync(join(path, 'd'))).toEqual(['new']);
});

test('whiteouts speak of lower layers only, in whatever order the archive has them', async () => {
  const { path } = await workshop.unpack(
    archiveOf([
      file('before', 'kept'),
      file('.wh.before'),
      file('.wh.after'),
      file('after', 'kept'),
      directory('dir-before'),
      file('dir-before/f'),
      file('.wh.dir-before'),
      file('.wh.dir-after'),
      directory('dir-after'),
      file('.wh.implied'),
      file('implied/f'),
    ]),
  );
  for (const name of ['before', 'after']) expect(readFileSync(join(path, name), 'utf8')).toBe('kept');
  for (const name of ['dir-before', 'dir-after', 'implied']) {
    expect(getXattr(join(path, name), 'trusted.overlay.opaque')?.toString()).toBe('y');
  }
  expect(existsSync(join(path, 'implied/f'))).toBe(true);
});

test('book-keeping of aufs is left out', async () => {
  const { path } = await workshop.unpack(
    archiveOf([directory('.wh..wh.plnk'), file('.wh..wh.plnk/1.2'), file('.wh..wh.aufs'), file('a')]),
  );
  expect(readdirSync(path)).toEqual(['a']);
});

test('an opaque root is reported', async () => {
  expect((await workshop.unpack(archiveOf([file('.wh..wh..opq'), file('a')]))).opaqueRoot).toBe(true);
  expect((await workshop.unpack(archiveOf([file('d/.wh..wh..opq')]))).opaqueRoot).toBe(false);
});

test('the kernel shows what the layers mean', async () => {
  const lower = await workshop.unpack(
    archiveOf([file('gone'), file('kept'), file('d/old'), file('e/old'), file('f/old'), file('replaced', 'old')]),
  );
  const upper = await workshop.unpack(
    archiveOf([
      file('.wh.gone'),
      file('d/.wh..wh..opq'),
      file('d/new'),
      file('e/.wh.old'),
      file('.wh.f'),
      directory('f'),
      file('replaced', 'new'),
    ]),
  );
  const merged = workshop.makeDirectory();
  const [up, work] = [join(merged, 'up'), join(merged, 'work')];
  const target = join(merged, 'root');
  for (const name of [up, work, target]) mkdirSync(name);
  mount('overlay', target, 'overlay', 0, `lowerdir=${upper.path}:${lower.path},upperdir=${up},workdir=${work}`);
  try {
    expect(readdirSync(target).sort()).toEqual(['d', 'e', 'f', 'kept', 'replaced']);
    expect(readdirSync(join(target, 'd'))).toEqual(['new']);
    expect(readdirSync(join(target, 'e'))).toEqual([]);
    expect(readdirSync(join(target, 'f'))).toEqual([]);
    expect(readFileSync(join(target, 'replaced'), 'utf8')).toBe('new');
  } finally {
    unmount(target);
  }
});
