import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureDirectoryInRoot } from '../../../apps/engine/linux/make-in-root.ts';
import { O, openInRoot, readFileInRoot } from '../../../apps/engine/linux/open-in-root.ts';

let dir: string;
let root: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-root-'));
  root = join(dir, 'root');
  for (const path of [root, join(root, 'etc'), join(dir, 'outside')]) mkdirSync(path);
  writeFileSync(join(dir, 'outside', 'secret'), 'secret');
  writeFileSync(join(root, 'etc', 'passwd'), 'inside');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const text = (path: string) => readFileInRoot(root, path, 1000)?.toString();
const link = (path: string, target: string) => symlinkSync(target, join(root, path));
const LINKS: [string, string][] = [
  ['up', '../../../../../../../../../../../../'],
  ['absolute', '/'],
];

describe('reading inside a root', () => {
  test.each(['/etc/passwd', 'etc/passwd', '/../../etc/passwd', '/etc/../../../etc/passwd', '//etc//passwd'])(
    '%s',
    (path) => {
      expect(text(path)).toBe('inside');
    },
  );

  test('links that lead out lead inside', () => {
    for (const [name, target] of LINKS) {
      link(name, `${target}etc/passwd`);
      expect(text(name)).toBe('inside');
      rmSync(join(root, name));
      link(name, target + join(dir, 'outside', 'secret').slice(1));
      expect(text(name)).toBeUndefined();
      rmSync(join(root, name));
    }
  });

  test('what is no regular file counts as none, and nothing hangs', () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    link('loop', 'loop');
    link('host', '/proc/self/root/etc/passwd');
    mkdirSync(join(root, 'directory'));
    for (const path of ['fifo', 'directory', 'loop', 'missing', 'etc/passwd/below', 'host'])
      expect(text(path), path).toBeUndefined();
  });

  test('magic links of /proc are refused', () => {
    mkdirSync(join(root, 'proc'));
    execFileSync('mount', ['--bind', '/proc', join(root, 'proc')]);
    try {
      for (const path of ['/proc/self/root/etc/passwd', '/proc/self/cwd/x', '/proc/self/fd/0'])
        expect(() => closeSync(openInRoot(root, path, O.RDONLY)), path).toThrow(/ELOOP|ENOENT/);
    } finally {
      execFileSync('umount', [join(root, 'proc')]);
    }
  });

  test('no more than was allowed', () => {
    writeFileSync(join(root, 'big'), 'x'.repeat(1001));
    expect(() => text('big')).toThrow('EFBIG');
  });

  test('leaves no descriptor', () => {
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    for (let n = 0; n < 50; n++) for (const path of ['etc/passwd', 'missing', 'etc']) text(path);
    expect(descriptors()).toBe(before);
  });
});

describe('making directories inside a root', () => {
  test('with their parents and the wanted mode', () => {
    ensureDirectoryInRoot(root, '/a/b/c', 0o750);
    expect(statSync(join(root, 'a/b/c')).mode & 0o777).toBe(0o750 & ~process.umask());
    ensureDirectoryInRoot(root, '/a/b/c', 0o700); // is there: stays as it is
    expect(statSync(join(root, 'a/b/c')).mode & 0o777).toBe(0o750 & ~process.umask());
  });

  test('never outside, whatever links are in the way', () => {
    link('up', '../../outside');
    link('absolute', join(dir, 'outside'));
    link('inner', '/etc');
    for (const path of ['/up/x', '/absolute/x', '/../../outside/x']) {
      try {
        ensureDirectoryInRoot(root, path, 0o755);
      } catch (error) {
        expect(String(error), path).toMatch(/ENOENT|ENOTDIR|ELOOP/);
      }
    }
    ensureDirectoryInRoot(root, '/inner/x/y', 0o755);
    expect(existsSync(join(root, 'etc/x/y'))).toBe(true);
    expect(readdirSync(join(dir, 'outside'))).toEqual(['secret']);
    expect(readFileSync(join(dir, 'outside', 'secret'), 'utf8')).toBe('secret');
    expect(readlinkSync(join(root, 'up'))).toBe('../../outside');
  });

  test('not through a file', () => {
    expect(() => ensureDirectoryInRoot(root, '/etc/passwd/x', 0o755)).toThrow('ENOTDIR');
    link('loop', 'loop');
    expect(() => ensureDirectoryInRoot(root, '/loop/x', 0o755)).toThrow(/ELOOP|ENOENT|ENOTDIR/);
  });
});
