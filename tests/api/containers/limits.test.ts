import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CgroupHost, detectCgroups } from '../../../apps/engine/linux/cgroup.ts';
import { type Containers, startContainers } from '../../support/containers.ts';

const MIB = 1024 * 1024;
let c: Containers;
let host: CgroupHost;
beforeAll(async () => {
  c = await startContainers();
  host = detectCgroups();
});
afterAll(() => c.engine.stop());

/** What a control file of a container's group says; `v1` names controller and file, `v2` the file. */
function limit(id: string, v1: [string, string], v2: string): string {
  const [base, file] = host.version === 2 ? [host.unified!, v2] : [host.mounts.get(v1[0])!, v1[1]];
  return readFileSync(join(base, c.engine.cgroupParent, id, file), 'utf8').trim();
}

const v1 = () => host.version === 1;

describe.concurrent('limits in the kernel', () => {
  test('of memory', async () => {
    const id = await c.begin(['sleep', '600'], { HostConfig: { Memory: 64 * MIB, MemoryReservation: 32 * MIB } });
    expect(limit(id, ['memory', 'memory.limit_in_bytes'], 'memory.max')).toBe(String(64 * MIB));
    expect(limit(id, ['memory', 'memory.soft_limit_in_bytes'], 'memory.low')).toBe(String(32 * MIB));
    expect((await c.inspect(id)).HostConfig).toMatchObject({ Memory: 64 * MIB, MemorySwap: 128 * MIB });
    if (v1() && existsSync(join(host.mounts.get('memory')!, 'memory.memsw.limit_in_bytes')))
      expect(limit(id, ['memory', 'memory.memsw.limit_in_bytes'], '')).toBe(String(128 * MIB));
  });

  test('of CPU time, shares and sets', async () => {
    const id = await c.begin(['sleep', '600'], {
      HostConfig: { NanoCpus: 1_500_000_000, CpuShares: 512, CpusetCpus: '0' },
    });
    if (v1()) {
      expect(limit(id, ['cpu', 'cpu.cfs_quota_us'], '')).toBe('150000');
      expect(limit(id, ['cpu', 'cpu.cfs_period_us'], '')).toBe('100000');
      expect(limit(id, ['cpu', 'cpu.shares'], '')).toBe('512');
    } else expect(limit(id, ['', ''], 'cpu.max')).toBe('150000 100000');
    expect(limit(id, ['cpuset', 'cpuset.cpus'], 'cpuset.cpus')).toBe('0');
    expect((await c.exec(id, ['nproc'])).stdout).toBe('1\n');
    const quota = await c.begin(['sleep', '600'], { HostConfig: { CpuQuota: 20_000, CpuPeriod: 50_000 } });
    if (v1())
      expect([limit(quota, ['cpu', 'cpu.cfs_quota_us'], ''), limit(quota, ['cpu', 'cpu.cfs_period_us'], '')]).toEqual([
        '20000',
        '50000',
      ]);
    else expect(limit(quota, ['', ''], 'cpu.max')).toBe('20000 50000');
  });

  test('of processes', async () => {
    const id = await c.begin(['sleep', '600'], { HostConfig: { PidsLimit: 5 } });
    expect(limit(id, ['pids', 'pids.max'], 'pids.max')).toBe('5');
    const { code, stderr } = await c.exec(id, ['sh', '-c', 'for i in 1 2 3 4 5 6; do sleep 1 & done']);
    expect([code, stderr]).toEqual([2, expect.stringContaining("can't fork")]);
    const free = await c.begin(['sleep', '600'], { HostConfig: { PidsLimit: -1 } });
    expect(limit(free, ['pids', 'pids.max'], 'pids.max')).toBe('max');
  });

  test('that are unset are those of the kernel', async () => {
    const id = await c.begin(['sleep', '600']);
    expect(limit(id, ['pids', 'pids.max'], 'pids.max')).toBe('max');
    if (v1()) {
      expect(limit(id, ['cpu', 'cpu.cfs_quota_us'], '')).toBe('-1');
      expect(Number(limit(id, ['memory', 'memory.limit_in_bytes'], ''))).toBeGreaterThan(2 ** 60);
    }
  });

  test('cannot be less than what a container needs', async () => {
    const refused = (HostConfig: object) =>
      c.refusal('POST', '/containers/create', { Image: 'busybox:test', HostConfig });
    expect(await refused({ Memory: MIB })).toBe('400 Minimum memory limit allowed is 6MB');
    expect(await refused({ Memory: 64 * MIB, MemorySwap: 32 * MIB })).toMatch(
      /^400 Minimum memoryswap limit should be larger than memory limit/,
    );
    expect(await refused({ NanoCpus: 1e12 })).toMatch(/^400 Range of CPUs is from 0\.01 to/);
    expect(await refused({ CpusetCpus: '999' })).toMatch(/^400 Requested CPUs are not available - requested 999/);
  });
});

describe.concurrent('memory that runs out', () => {
  const GREEDY = 'dd if=/dev/zero of=/dev/null bs=100M count=1';

  test('kills the program: exit code 137, OOMKilled, event', async () => {
    const { id, code } = await c.run(['sh', '-c', `exec ${GREEDY}`], {
      HostConfig: { Memory: 8 * MIB, MemorySwap: 8 * MIB },
    });
    expect(code).toBe(137);
    expect((await c.inspect(id)).State).toMatchObject({ OOMKilled: true, ExitCode: 137, Status: 'exited' });
    expect(await c.events(id)).toEqual(['create', 'start', 'oom', 'die']);
  });

  test('of a child is told although the first process goes on', async () => {
    const { id, code } = await c.run(['sh', '-c', `${GREEDY}; exit 3`], {
      HostConfig: { Memory: 8 * MIB, MemorySwap: 8 * MIB },
    });
    expect(code).toBe(3);
    expect((await c.inspect(id)).State).toMatchObject({ OOMKilled: true, ExitCode: 3 });
  });

  test('is not what a kill is', async () => {
    const id = await c.begin(['sleep', '600'], { HostConfig: { Memory: 8 * MIB } });
    await c.ask('POST', `/containers/${id}/kill`);
    expect((await c.inspect(id)).State).toMatchObject({ OOMKilled: false, ExitCode: 137 });
    expect(await c.events(id)).toEqual(['create', 'start', 'kill', 'die']);
  });

  test('is forgotten at the next start', async () => {
    const flag = 'if [ -e /was ]; then exit 0; fi; touch /was;';
    const { id } = await c.run(['sh', '-c', `${flag} exec ${GREEDY}`], {
      HostConfig: { Memory: 8 * MIB, MemorySwap: 8 * MIB },
    });
    expect((await c.inspect(id)).State.OOMKilled).toBe(true);
    await c.start(id);
    expect(await c.wait(id)).toBe(0);
    expect((await c.inspect(id)).State).toMatchObject({ OOMKilled: false, ExitCode: 0 });
  });
});

describe.concurrent('further settings', () => {
  test('ulimits, also of exec', async () => {
    const id = await c.begin(['sleep', '600'], {
      HostConfig: {
        Ulimits: [
          { Name: 'nofile', Soft: 100, Hard: 200 },
          { Name: 'core', Soft: 0, Hard: 0 },
        ],
      },
    });
    const { Pid } = (await c.inspect(id)).State;
    expect(readFileSync(`/proc/${Pid}/limits`, 'utf8')).toMatch(/Max open files\s+100\s+200/);
    expect((await c.exec(id, ['sh', '-c', 'ulimit -Sn; ulimit -Hn; ulimit -Sc'])).stdout).toBe('100\n200\n0\n');
  });

  test('oom score', async () => {
    expect(await c.sh('cat /proc/1/oom_score_adj', { HostConfig: { OomScoreAdj: 500 } })).toBe('500');
    expect(await c.sh('cat /proc/1/oom_score_adj')).toBe('0');
  });

  test('shared memory', async () => {
    expect(await c.sh('df -k /dev/shm | tail -1')).toMatch(/\s65536\s/);
    expect(await c.sh('df -k /dev/shm | tail -1; stat -c %a /dev/shm', { HostConfig: { ShmSize: 8 * MIB } })).toMatch(
      /\s8192\s.*\n1777$/s,
    );
    expect(await c.sh('df -k /dev/shm | tail -1', { HostConfig: { ShmSize: 8 * MIB, IpcMode: 'shareable' } })).toMatch(
      /\s8192\s/,
    );
  });

  test('cgroup namespace', async () => {
    const own = (await c.sh('cat /proc/self/cgroup', { HostConfig: { CgroupnsMode: 'private' } })).split('\n');
    for (const line of own) expect(line).toMatch(/:\/$/);
    expect(await c.sh('cat /proc/self/cgroup', { HostConfig: { CgroupnsMode: 'host' } })).toContain(
      c.engine.cgroupParent,
    );
  });
});
