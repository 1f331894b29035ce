import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probeCgroupLimits } from './cgroup-limits.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-limits-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(...files: string[]) {
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
}

test('version 2: controllers, and what shows in groups only', () => {
  const host = (...unifiedControllers: string[]) => ({
    version: 2 as const,
    mounts: new Map<string, string>(),
    unified: root,
    unifiedControllers,
  });
  put('system.slice/memory.swap.max', 'system.slice/io.weight');
  const all = probeCgroupLimits(host('cpu', 'cpuset', 'io', 'memory', 'pids'));
  expect(all).toMatchObject({ memory: true, swap: true, reservation: true, cpuQuota: true, cpuShares: true });
  expect(all).toMatchObject({ cpuset: true, pids: true, blockWeight: true, blockReadBps: true, blockWriteIops: true });
  expect(all).toMatchObject({ swappiness: false, oomKillDisable: false, cpuRealtime: false, kernelTcpMemory: false });
  expect(Object.values(probeCgroupLimits(host())).some(Boolean)).toBe(false);
  rmSync(join(root, 'system.slice'), { recursive: true });
  expect(probeCgroupLimits(host('io', 'memory'))).toMatchObject({
    swap: false,
    blockWeight: false,
    blockReadBps: true,
  });
});

test('version 1: files of each hierarchy', () => {
  put('memory/memory.limit_in_bytes', 'memory/memory.oom_control', 'cpu/cpu.shares', 'cpu/cpu.rt_runtime_us');
  put('blkio/blkio.bfq.io_serviced', 'blkio/blkio.throttle.read_bps_device');
  const mounts = new Map(['memory', 'cpu', 'blkio', 'pids'].map((name) => [name, join(root, name)]));
  expect(probeCgroupLimits({ version: 1, mounts, unified: undefined, unifiedControllers: [] })).toMatchObject({
    ...{ memory: true, swap: false, oomKillDisable: true, cpuShares: true, cpuQuota: false, cpuRealtime: true },
    ...{ cpuset: false, pids: true, blockWeight: true, blockReadBps: true, blockWriteBps: false },
  });
});
