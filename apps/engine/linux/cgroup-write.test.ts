import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CgroupHost } from './cgroup.ts';
import { changeLimits, hierarchyWrites, unifiedWrites, weightOfShares } from './cgroup-write.ts';

const plain = (writes: { choices: [string, string][] }[]) => writes.map(({ choices }) => choices.flat().join(' '));

describe('version 1', () => {
  const read = () => '1000';

  test('memory grows from above and shrinks from below', () => {
    const [limit, both] = ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'];
    expect(plain(hierarchyWrites({ memory: 2000, memoryAndSwap: 4000 }, read))).toEqual([
      `${both} 4000`,
      `${limit} 2000`,
    ]);
    expect(plain(hierarchyWrites({ memory: 200, memoryAndSwap: 400 }, read))).toEqual([`${limit} 200`, `${both} 400`]);
    expect(plain(hierarchyWrites({ memory: 2000, memoryAndSwap: -1 }, read))).toEqual([`${both} -1`, `${limit} 2000`]);
  });

  test('everything else has a file of its own; only what changes is written', () => {
    const change = { cpuShares: 512, cpuQuota: 5000, pids: -1, cpus: '0', reservation: 7, blockWeight: 300 };
    expect(plain(hierarchyWrites(change, read))).toEqual([
      'memory.soft_limit_in_bytes 7',
      'cpu.shares 512',
      'cpu.cfs_quota_us 5000',
      'cpuset.cpus 0',
      'pids.max max',
      'blkio.weight 300 blkio.bfq.weight 300',
    ]);
  });
});

describe('version 2', () => {
  const files: Record<string, string> = { 'cpu.max': 'max 50000', 'memory.max': '1000' };
  const read = (_: string, file: string) => files[file] ?? '';

  test('swap is counted alone', () => {
    expect(plain(unifiedWrites({ memory: 600, memoryAndSwap: 1000 }, read))).toEqual([
      'memory.swap.max 400',
      'memory.max 600',
    ]);
    expect(plain(unifiedWrites({ memoryAndSwap: 1500 }, read))).toEqual(['memory.swap.max 500']);
    expect(plain(unifiedWrites({ memoryAndSwap: -1 }, read))).toEqual(['memory.swap.max max']);
  });

  test('quota and period are one file', () => {
    expect(plain(unifiedWrites({ cpuQuota: 25000 }, read))).toEqual(['cpu.max 25000 50000']);
    expect(plain(unifiedWrites({ cpuPeriod: 10000 }, read))).toEqual(['cpu.max max 10000']);
    expect(plain(unifiedWrites({ cpuQuota: -1, cpuPeriod: 20000 }, read))).toEqual(['cpu.max max 20000']);
  });

  test('shares and weights are on other scales', () => {
    expect([2, 1024, 262_144].map(weightOfShares)).toEqual([1, 39, 10_000]);
    expect(plain(unifiedWrites({ cpuShares: 1024, blockWeight: 1000, pids: 5, reservation: 9 }, read))).toEqual([
      'memory.low 9',
      'cpu.weight 39',
      'pids.max 5',
      'io.bfq.weight 1000 io.weight 10000',
    ]);
  });
});

describe('in the file system', () => {
  let root: string;
  let host: CgroupHost;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'berth-cgroup-'));
    host = { version: 2, mounts: new Map(), unified: root, unifiedControllers: [] };
    mkdirSync(join(root, 'g'));
    writeFileSync(join(root, 'g', 'pids.max'), 'max\n');
    writeFileSync(join(root, 'g', 'io.weight'), 'default 100\n');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('the first of several files that is there is written', () => {
    changeLimits(host, '/g', { pids: 7, blockWeight: 10 });
    expect(readFileSync(join(root, 'g', 'pids.max'), 'utf8')).toBe('7');
    expect(readFileSync(join(root, 'g', 'io.weight'), 'utf8')).toBe('1');
  });

  test('a failure takes back what was written before it', () => {
    rmSync(join(root, 'g', 'io.weight'));
    expect(() => changeLimits(host, '/g', { pids: 7, blockWeight: 10 })).toThrow('ENOENT');
    expect(readFileSync(join(root, 'g', 'pids.max'), 'utf8')).toBe('max');
  });
});
