// Copies of trees share blocks where the file system can, and say which it was.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyTree } from '../../../apps/engine/linux/copy-tree.ts';
import { mountsBelow } from '../../support/leaks.ts';

const MEGABYTES = 16;
const can = existsSync('/dev/loop-control') && /\bbtrfs\b/.test(readFileSync('/proc/filesystems', 'utf8'));

describe.skipIf(!can)('on btrfs (skipped where the kernel has none, or no loop devices)', () => {
  let dir: string;
  let disk: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'berth-reflink-'));
    const image = join(dir, 'image');
    disk = join(dir, 'disk');
    mkdirSync(disk);
    execFileSync('truncate', ['-s', '256M', image]);
    execFileSync('mkfs.btrfs', ['-q', image]);
    execFileSync('mount', ['-o', 'loop', image, disk]);
    mkdirSync(join(disk, 'from'));
    writeFileSync(join(disk, 'from/big'), Buffer.alloc(MEGABYTES << 20, 'x'));
    writeFileSync(join(disk, 'from/small'), 'small');
  });
  afterAll(() => {
    for (const point of mountsBelow(dir)) execFileSync('umount', [point]);
    rmSync(dir, { recursive: true, force: true });
  });
  const copy = (from: string, to: string) => {
    mkdirSync(to);
    const [source, target] = [openSync(from, 'r'), openSync(to, 'r')];
    try {
      return copyTree(source, target);
    } finally {
      closeSync(source);
      closeSync(target);
    }
  };
  const used = () => {
    execFileSync('sync', ['-f', disk]);
    return Number(execFileSync('df', ['--output=used', '-B1', disk], { encoding: 'utf8' }).split('\n')[1]);
  };

  test('nothing is written anew, and a change on one side stays there', () => {
    const before = used();
    expect(copy(join(disk, 'from'), join(disk, 'to'))).toEqual({ entries: 2, shared: 2, copied: 0, bytes: 0 });
    expect(used() - before).toBeLessThan((MEGABYTES << 20) / 4);
    expect(readFileSync(join(disk, 'to/big')).equals(readFileSync(join(disk, 'from/big')))).toBe(true);
    writeFileSync(join(disk, 'to/small'), 'other');
    expect(readFileSync(join(disk, 'from/small'), 'utf8')).toBe('small');
  });

  test('to another file system all is copied', () => {
    const figures = copy(join(disk, 'from'), join(dir, 'elsewhere'));
    expect(figures).toEqual({ entries: 2, shared: 0, copied: 2, bytes: (MEGABYTES << 20) + 5 });
  });
});
