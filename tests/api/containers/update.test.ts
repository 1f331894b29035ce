import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CGROUP_V2, groupFile, hasGroupFile } from '../../support/cgroup-file.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

const MIB = 1024 * 1024;
let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const file = (id: string, v1: string, v2: string) => groupFile(`${c.engine.cgroupParent}/${id}`, v1, v2);
const update = async (id: string, body: object) =>
  (await c.ask('POST', `/containers/${id}/update`, body)).json<{ Warnings: string[] }>().Warnings;

describe.concurrent('an update', () => {
  test('of a running container changes the kernel, inspect, and tells', async () => {
    const id = await c.begin(['sleep', '600'], { HostConfig: { Memory: 64 * MIB, PidsLimit: 20, CpuShares: 512 } });
    const change = { Memory: 128 * MIB, MemorySwap: 256 * MIB, PidsLimit: 5, CpuShares: 1024, NanoCpus: 500_000_000 };
    expect(await update(id, { ...change, CpusetCpus: '0', MemoryReservation: 32 * MIB })).toEqual([]);
    expect(file(id, 'memory/memory.limit_in_bytes', 'memory.max')).toBe(String(128 * MIB));
    expect(file(id, 'memory/memory.soft_limit_in_bytes', 'memory.low')).toBe(String(32 * MIB));
    expect(file(id, 'pids/pids.max', 'pids.max')).toBe('5');
    expect(file(id, 'cpu/cpu.shares', 'cpu.weight')).toBe(CGROUP_V2 ? '39' : '1024');
    expect(file(id, 'cpuset/cpuset.cpus', 'cpuset.cpus')).toBe('0');
    expect(CGROUP_V2 ? file(id, '', 'cpu.max') : file(id, 'cpu/cpu.cfs_quota_us', '')).toMatch(/^50000\b/);
    expect((await c.inspect(id)).HostConfig).toMatchObject({ ...change, CpusetCpus: '0' });
    expect(await c.events(id)).toEqual(['create', 'start', 'update']);
    // And down again: memory first, then memory and swap together.
    await update(id, { Memory: 32 * MIB, MemorySwap: 48 * MIB, PidsLimit: -1 });
    expect(file(id, 'memory/memory.limit_in_bytes', 'memory.max')).toBe(String(32 * MIB));
    if (!CGROUP_V2 && hasGroupFile(`${c.engine.cgroupParent}/${id}`, 'memory/memory.memsw.limit_in_bytes', ''))
      expect(file(id, 'memory/memory.memsw.limit_in_bytes', '')).toBe(String(48 * MIB));
    expect(file(id, 'pids/pids.max', 'pids.max')).toBe('max');
  });

  test('of one that does not run holds from its next start', async () => {
    const id = await c.create(['sleep', '600']);
    await update(id, { CpuQuota: 30_000, CpuPeriod: 60_000, BlkioWeight: 0, CpusetMems: '0' });
    await c.start(id);
    const seen = CGROUP_V2
      ? file(id, '', 'cpu.max')
      : `${file(id, 'cpu/cpu.cfs_quota_us', '')} ${file(id, 'cpu/cpu.cfs_period_us', '')}`;
    expect(seen).toBe('30000 60000');
  });

  test('of the restart policy holds from the next end', async () => {
    const id = await c.begin(['sleep', '600']);
    await update(id, { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } });
    expect((await c.inspect(id)).HostConfig['RestartPolicy']).toEqual({ Name: 'on-failure', MaximumRetryCount: 2 });
    const other = await c.begin(['sh', '-c', 'sleep 1; exit 3']);
    await update(other, { RestartPolicy: { Name: 'always' } });
    await eventually(async () => expect((await c.inspect(other)).RestartCount).toBeGreaterThan(0));
    await update(other, { RestartPolicy: { Name: 'no' } });
    await eventually(async () => expect((await c.inspect(other)).State.Status).toBe('exited'));
  });

  test('of a paused container works', async () => {
    const id = await c.begin(['sleep', '600']);
    await c.ask('POST', `/containers/${id}/pause`);
    await update(id, { PidsLimit: 9 });
    expect(file(id, 'pids/pids.max', 'pids.max')).toBe('9');
    await c.ask('POST', `/containers/${id}/unpause`);
  });
});

describe.concurrent('an update is refused', () => {
  test.each<[string, Record<string, unknown>, object, string]>([
    ['below the least memory', {}, { Memory: MIB }, '400 Minimum memory limit allowed is 6MB'],
    [
      'with memory above swap',
      { Memory: 32 * MIB },
      { Memory: 128 * MIB },
      '409 Cannot update container ID: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    ],
    [
      'with cpus over a quota',
      { CpuQuota: 50_000 },
      { NanoCpus: 1e9 },
      '409 Cannot update container ID: Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set',
    ],
    [
      'with a policy for one that removes itself',
      { AutoRemove: true },
      { RestartPolicy: { Name: 'always' } },
      '409 Cannot update container ID: Restart policy cannot be updated because AutoRemove is enabled for the container',
    ],
  ])('%s', async (_, host, change, answer) => {
    const id = await c.create(['sleep', '600'], { HostConfig: host });
    expect((await c.refusal('POST', `/containers/${id}/update`, change)).replace(id, 'ID')).toBe(answer);
  });

  test('for a name that nobody has', async () => {
    expect(await c.refusal('POST', '/containers/nobody/update', { CpuShares: 5 })).toBe(
      '404 No such container: nobody',
    );
  });

  test('by the kernel, and then nothing has changed', async () => {
    const id = await c.begin(['sh', '-c', 'dd if=/dev/zero of=/dev/shm/x bs=1M count=24 2>/dev/null; exec sleep 600'], {
      HostConfig: { Memory: 128 * MIB, MemorySwap: 128 * MIB },
    });
    const used = () => Number(file(id, 'memory/memory.usage_in_bytes', 'memory.current'));
    await eventually(() => expect(used()).toBeGreaterThan(24 * MIB));
    if (CGROUP_V2) return; // version 2 kills instead
    const answer = await c.refusal('POST', `/containers/${id}/update`, {
      Memory: 8 * MIB,
      MemorySwap: 8 * MIB,
      PidsLimit: 3,
    });
    expect(answer).toContain(`Cannot update container ${id}: `);
    expect(file(id, 'memory/memory.limit_in_bytes', '')).toBe(String(128 * MIB));
    expect(file(id, 'pids/pids.max', '')).toBe('max');
    expect((await c.inspect(id)).HostConfig).toMatchObject({ Memory: 128 * MIB, PidsLimit: null });
    expect((await c.inspect(id)).State.Running).toBe(true);
  });
});
