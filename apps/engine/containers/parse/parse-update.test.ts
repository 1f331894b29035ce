import type { HostConfig } from '@berth/contract';
import { describe, expect, test } from 'vitest';
import { decodeHostConfig } from './parse-create-body.ts';
import { applyUpdate, parseUpdate } from './parse-update.ts';
import { EVERY_LIMIT } from './resources.ts';

const facts = { cpus: 4, limits: EVERY_LIMIT, cgroupV2: false };
const hostOf = (host: Partial<HostConfig>): HostConfig => ({ ...decodeHostConfig({}), ...host });
const change = (host: Partial<HostConfig>, body: Record<string, unknown>) =>
  applyUpdate(hostOf(host), parseUpdate(body, facts).update);

describe('an update', () => {
  test('changes what it names and nothing else', () => {
    const before = { Memory: 1e8, MemorySwap: 2e8, CpuShares: 512, CpusetCpus: '0', PidsLimit: 7 };
    expect(change(before, { CpuShares: 256, CpusetCpus: '', Memory: 0 })).toEqual(
      hostOf({ ...before, CpuShares: 256 }),
    );
    expect(change(before, { PidsLimit: -1 }).PidsLimit).toBeNull();
    expect(change(before, { PidsLimit: 9 }).PidsLimit).toBe(9);
    expect(change({}, { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }).RestartPolicy).toEqual({
      Name: 'on-failure',
      MaximumRetryCount: 3,
    });
  });

  test('does not double memory into swap', () => {
    expect(change({ Memory: 1e8, MemorySwap: 2e8 }, { Memory: 15e7 })).toMatchObject({ Memory: 15e7, MemorySwap: 2e8 });
  });

  test.each<[string, Partial<HostConfig>, Record<string, unknown>, string]>([
    ['cpus over a period', { CpuPeriod: 5000 }, { NanoCpus: 1e9 }, 'Nano CPUs cannot be updated as CPU Period'],
    ['cpus over a quota', { CpuQuota: 5000 }, { NanoCpus: 1e9 }, 'Nano CPUs cannot be updated as CPU Quota'],
    ['a period over cpus', { NanoCpus: 1e9 }, { CpuPeriod: 5000 }, 'CPU Period cannot be updated as NanoCPUs'],
    ['a quota over cpus', { NanoCpus: 1e9 }, { CpuQuota: 5000 }, 'CPU Quota cannot be updated as NanoCPUs'],
    ['memory over swap', { MemorySwap: 2e8 }, { Memory: 3e8 }, 'Memory limit should be smaller than already set'],
    [
      'a policy with --rm',
      { AutoRemove: true },
      { RestartPolicy: { Name: 'always' } },
      'because AutoRemove is enabled',
    ],
  ])('refuses %s', (_, host, body, message) => {
    expect(() => change(host, body)).toThrow(
      expect.objectContaining({ code: 'conflict', message: expect.stringContaining(message) }),
    );
  });

  test.each<[Record<string, unknown>, string]>([
    [{ Memory: 1e6 }, 'Minimum memory limit allowed is 6MB'],
    [{ NanoCpus: 5e9 }, 'Range of CPUs is from 0.01 to 4.00'],
    [{ RestartPolicy: { Name: 'sometimes' } }, "invalid restart policy: unknown policy 'sometimes'"],
    [{ CpuShares: 'x' }, 'json: cannot unmarshal string into Go struct field UpdateConfig.CpuShares of type int64'],
  ])('refuses %j', (body, message) => {
    expect(() => parseUpdate(body, facts)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(message) }),
    );
  });
});

test('what an update cannot change is warned of, unless it is empty', () => {
  const device = { PathOnHost: '/dev/x', PathInContainer: '/dev/x', CgroupPermissions: 'r' };
  const rates = [{ Path: '/dev/x', Rate: 5 }];
  const given = {
    ...{ Devices: [device], Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 1 }] },
    ...{ BlkioWeightDevice: [{ Path: '/dev/x', Weight: 50 }], BlkioDeviceReadBps: rates, BlkioDeviceWriteBps: rates },
    ...{ BlkioDeviceReadIOps: rates, BlkioDeviceWriteIOps: rates, MemorySwappiness: 5, KernelMemoryTCP: 1e8 },
  };
  expect(parseUpdate({ ...given, OomKillDisable: true, Memory: 1e8 }, facts).warnings).toEqual(
    [...Object.keys(given).slice(0, 8), 'OomKillDisable', 'KernelMemoryTCP'].map((field) =>
      expect.stringContaining(`${field} of a container cannot be changed by an update.`),
    ),
  );
  const empty = { Devices: [], Ulimits: null, BlkioDeviceReadBps: [], MemorySwappiness: 0, OomKillDisable: false };
  expect(parseUpdate({ ...empty, KernelMemoryTCP: 0 }, facts).warnings).toEqual([]);
});

describe('what the kernel lacks is discarded with a warning', () => {
  test.each<[keyof typeof EVERY_LIMIT, Record<string, unknown>, string, Partial<HostConfig>]>([
    ['memory', { Memory: 1e8 }, 'memory limit capabilities', { Memory: 0, MemorySwap: -1 }],
    ['swap', { Memory: 1e8 }, 'Memory limited without swap.', { Memory: 1e8, MemorySwap: -1 }],
    ['reservation', { MemoryReservation: 1e8 }, 'memory soft limit', { MemoryReservation: 0 }],
    ['swappiness', { MemorySwappiness: 5 }, 'Memory swappiness discarded.', { MemorySwappiness: null }],
    ['oomKillDisable', { OomKillDisable: true }, 'OomKillDisable discarded.', { OomKillDisable: null }],
    ['pids', { PidsLimit: 5 }, 'PIDs limit discarded.', { PidsLimit: null }],
    ['cpuShares', { CpuShares: 5 }, 'Shares discarded.', { CpuShares: 0 }],
    ['cpuQuota', { CpuQuota: 5000 }, 'CPU period/quota discarded.', { CpuQuota: 0 }],
    ['cpuset', { CpusetCpus: '0' }, 'Cpuset discarded.', { CpusetCpus: '' }],
    ['blockWeight', { BlkioWeight: 50 }, 'Weight discarded.', { BlkioWeight: 0 }],
    ['blockWeightDevice', { BlkioWeightDevice: [{ Path: '/dev/x', Weight: 50 }] }, 'Weight-device discarded.', {}],
    ['blockReadBps', { BlkioDeviceReadBps: [{ Path: '/dev/x', Rate: 5 }] }, 'I/O BPS read limit discarded.', {}],
    ['blockWriteIops', { BlkioDeviceWriteIOps: [{ Path: '/dev/x', Rate: 5 }] }, 'IOPS write limit discarded.', {}],
  ])('%s', (lack, body, warning, left) => {
    const { update, warnings } = parseUpdate(body, { ...facts, limits: { ...EVERY_LIMIT, [lack]: false } });
    expect(warnings).toEqual([expect.stringContaining(warning)]);
    expect(update).toMatchObject(left);
  });

  test('but what can only be refused is', () => {
    const refused = (lack: keyof typeof EVERY_LIMIT, body: Record<string, unknown>) => () =>
      parseUpdate(body, { ...facts, limits: { ...EVERY_LIMIT, [lack]: false } });
    expect(refused('cpuQuota', { NanoCpus: 1e9 })).toThrow('NanoCPUs can not be set, as your kernel does not support');
    expect(refused('cpuRealtime', { CpuRealtimeRuntime: 1 })).toThrow(
      'kernel does not support CPU real-time scheduler',
    );
  });
});
