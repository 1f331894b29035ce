import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deviceNumber } from '../../../apps/engine/containers/spec/devices.ts';
import { canRaiseLimits, ownHardLimit } from '../../../apps/engine/linux/rlimits.ts';
import { CGROUP_V2, groupDirectory, groupFile, hasGroupFile } from '../../support/cgroup-file.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { run } from '../../support/docker.ts';

const MIB = 1024 * 1024;
let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

/** A running container with these settings. */
const begin = (HostConfig: Record<string, unknown>) => c.begin(['sleep', '600'], { HostConfig });
const group = (id: string) => `${c.engine.cgroupParent}/${id}`;
const file = (id: string, v1: string, v2: string) => groupFile(group(id), v1, v2);
const create = (HostConfig: Record<string, unknown>) =>
  c.ask('POST', '/containers/create', { Image: 'busybox:test', HostConfig });
const warnings = async (HostConfig: Record<string, unknown>) =>
  (await create(HostConfig)).json<{ Warnings: string[] }>().Warnings;
const refusal = (HostConfig: Record<string, unknown>) =>
  c.refusal('POST', '/containers/create', { Image: 'busybox:test', HostConfig });

describe.concurrent('memory', () => {
  test('--memory, --memory-swap, --memory-reservation: are limits of the control group', async () => {
    const id = await begin({ Memory: 64 * MIB, MemorySwap: 96 * MIB, MemoryReservation: 32 * MIB });
    expect(file(id, 'memory/memory.limit_in_bytes', 'memory.max')).toBe(String(64 * MIB));
    expect(file(id, 'memory/memory.soft_limit_in_bytes', 'memory.low')).toBe(String(32 * MIB));
    if (hasGroupFile(group(id), 'memory/memory.memsw.limit_in_bytes', 'memory.swap.max'))
      expect(file(id, 'memory/memory.memsw.limit_in_bytes', 'memory.swap.max')).toBe(
        String(CGROUP_V2 ? 32 * MIB : 96 * MIB),
      );
  });

  test('--memory-swap: -1 limits memory alone', async () => {
    const id = await begin({ Memory: 64 * MIB, MemorySwap: -1 });
    expect(file(id, 'memory/memory.limit_in_bytes', 'memory.max')).toBe(String(64 * MIB));
    if (!CGROUP_V2) expect(Number(file(id, 'memory/memory.memsw.limit_in_bytes', ''))).toBeGreaterThan(2 ** 60);
    expect((await c.inspect(id)).HostConfig['MemorySwap']).toBe(-1);
  });

  test('--memory-swappiness: is that of the control group', async (t) => {
    if (CGROUP_V2) {
      expect(await warnings({ MemorySwappiness: 13 })).toEqual([expect.stringContaining('swappiness discarded')]);
      return t.skip('version 2 of control groups has no swappiness');
    }
    const id = await begin({ MemorySwappiness: 13 });
    expect(file(id, 'memory/memory.swappiness', '')).toBe('13');
  });

  test('--oom-kill-disable: switches the OOM killer off', async (t) => {
    if (CGROUP_V2) return t.skip('version 2 of control groups cannot switch it off');
    const id = await begin({ OomKillDisable: true, Memory: 64 * MIB });
    expect(file(id, 'memory/memory.oom_control', '')).toMatch(/^oom_kill_disable 1$/m);
    expect(await warnings({ OomKillDisable: true })).toEqual([
      expect.stringContaining('OOM killer is disabled for the container, but no memory limit is set'),
    ]);
  });

  test('--kernel-memory: is gone from kernels, and that is said', async () => {
    const answer = await create({ KernelMemory: 50 * MIB });
    const { Id, Warnings } = answer.json<{ Id: string; Warnings: string[] }>();
    expect(Warnings).toEqual([expect.stringContaining('kernel memory limit is deprecated')]);
    expect((await c.inspect(Id)).HostConfig['KernelMemory']).toBeUndefined();
  });

  test('--oom-score-adj: is that of the program', async () => {
    expect(await c.sh('cat /proc/self/oom_score_adj', { HostConfig: { OomScoreAdj: 321 } })).toBe('321');
  });

  test('--oom-score-adj: one that the engine may not give is refused with the reason', async (t) => {
    if (canRaiseLimits()) {
      expect(await c.sh('cat /proc/self/oom_score_adj', { HostConfig: { OomScoreAdj: -321 } })).toBe('-321');
      return t.skip('the engine has CAP_SYS_RESOURCE');
    }
    expect(await refusal({ OomScoreAdj: -900 })).toMatch(/^400 cannot set oom-score-adj -900: .* CAP_SYS_RESOURCE/);
  });

  test('--shm-size: is the size of /dev/shm', async () => {
    expect(await c.sh("df -k /dev/shm | awk 'NR==2{print $2}'", { HostConfig: { ShmSize: 8 * MIB } })).toBe('8192');
  });

  test('--memory: what is too small or contradicts itself is refused', async () => {
    expect(await refusal({ Memory: MIB })).toBe('400 Minimum memory limit allowed is 6MB');
    expect(await refusal({ MemorySwap: 64 * MIB })).toMatch(/^400 You should always set the Memory limit/);
  });
});

describe.concurrent('CPU', () => {
  test('--cpus: is a quota, and holds', async () => {
    const id = await begin({ NanoCpus: 1_500_000_000 });
    if (CGROUP_V2) expect(file(id, '', 'cpu.max')).toBe('150000 100000');
    else expect(file(id, 'cpu/cpu.cfs_quota_us', '')).toBe('150000');
    expect(await refusal({ NanoCpus: 4096e9 })).toMatch(
      /^400 Range of CPUs is from 0.01 to \d+\.00, as there are only/,
    );
  });

  test('--cpu-period, --cpu-quota: are those of the scheduler', async () => {
    const id = await begin({ CpuPeriod: 50_000, CpuQuota: 20_000 });
    if (CGROUP_V2) expect(file(id, '', 'cpu.max')).toBe('20000 50000');
    else
      expect([file(id, 'cpu/cpu.cfs_period_us', ''), file(id, 'cpu/cpu.cfs_quota_us', '')]).toEqual(['50000', '20000']);
  });

  test('--cpu-shares: is the weight of the scheduler', async () => {
    const id = await begin({ CpuShares: 512 });
    expect(file(id, 'cpu/cpu.shares', 'cpu.weight')).toBe(CGROUP_V2 ? '20' : '512');
  });

  test('--cpuset-cpus, --cpuset-mems: are the CPUs and memory nodes that the program may use', async () => {
    const id = await begin({ CpusetCpus: '0', CpusetMems: '0' });
    const status = (await c.exec(id, ['cat', '/proc/self/status'])).stdout;
    expect(status).toMatch(/^Cpus_allowed_list:\t0$/m);
    expect(file(id, 'cpuset/cpuset.mems', 'cpuset.mems')).toBe('0');
    expect(await refusal({ CpusetCpus: '9000' })).toMatch(/^400 Requested CPUs are not available - requested 9000/);
  });

  test('--cpu-rt-runtime, --cpu-rt-period: real-time programs have that part of a CPU, and it is given back', async (t) => {
    if (!existsSync(`${groupDirectory('cpu', '/')}cpu.rt_runtime_us`)) {
      expect(await refusal({ CpuRealtimeRuntime: 1000 })).toBe('400 kernel does not support CPU real-time scheduler');
      return t.skip('this kernel has no groups for the real-time scheduler');
    }
    const realTime = (pid: number) => run('chrt', ['-f', '-p', '5', String(pid)]);
    const plain = await begin({});
    expect(await realTime((await c.inspect(plain)).State.Pid)).toMatchObject({ code: 1 });
    const id = await begin({ CpuRealtimeRuntime: 10_000, CpuRealtimePeriod: 500_000 });
    expect([file(id, 'cpu/cpu.rt_runtime_us', ''), file(id, 'cpu/cpu.rt_period_us', '')]).toEqual(['10000', '500000']);
    expect(await realTime((await c.inspect(id)).State.Pid)).toMatchObject({ code: 0 });
    expect(Number(groupFile(c.engine.cgroupParent, 'cpu/cpu.rt_runtime_us', ''))).toBeGreaterThanOrEqual(20_000);
    await c.remove(id);
    await eventually(() => expect(groupFile(c.engine.cgroupParent, 'cpu/cpu.rt_runtime_us', '')).toBe('0'));
    expect(await refusal({ CpuRealtimeRuntime: 2000, CpuRealtimePeriod: 1000 })).toBe(
      '400 cpu real-time runtime cannot be higher than cpu real-time period',
    );
  });

  test('--cpu-count, --cpu-percent: are of Windows, and that is said', async () => {
    expect(await warnings({ CpuCount: 2, CpuPercent: 5 })).toEqual([
      'linux does not support CPU percent. Percent discarded.',
      'linux does not support CPU count. Count discarded.',
    ]);
  });
});

describe.concurrent('processes and files', () => {
  test('--pids-limit: holds, and -1 is none', async () => {
    const id = await begin({ PidsLimit: 7 });
    expect(file(id, 'pids/pids.max', 'pids.max')).toBe('7');
    const { stderr } = await c.exec(id, ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done']);
    expect(stderr).toContain("can't fork");
    expect(file(await begin({ PidsLimit: -1 }), 'pids/pids.max', 'pids.max')).toBe('max');
  });

  test('--ulimit: every name is the limit of the program', async () => {
    const names = 'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack as';
    const Ulimits = names.split(' ').map((Name) => {
      const wish = { cpu: 500, nice: 0, rtprio: 0, locks: 99 }[Name] ?? 8_000_000;
      const hard = Math.min(wish, ownHardLimit(Name) ?? wish);
      return { Name, Soft: Math.min(hard, 4_000_000), Hard: hard };
    });
    const Wide = Ulimits.map((limit) =>
      limit.Name === 'as' || limit.Name === 'data' ? { ...limit, Hard: 2 ** 33, Soft: 2 ** 33 } : limit,
    );
    const limits = await c.sh('cat /proc/self/limits', { HostConfig: { Ulimits: Wide } });
    for (const { Name, Soft, Hard } of Wide)
      expect(limits, Name).toMatch(new RegExp(`^${ROW[Name]} +${Soft} +${Hard} `, 'm'));
  });

  test('--ulimit: what the engine cannot raise is refused with the reason', async (t) => {
    if (canRaiseLimits()) return t.skip('the engine has CAP_SYS_RESOURCE');
    const own = ownHardLimit('nofile') ?? 0;
    const answer = await refusal({ Ulimits: [{ Name: 'nofile', Soft: own + 1, Hard: own + 1 }] });
    expect(answer).toMatch(/^400 cannot set ulimit nofile: .* the engine lacks the capability CAP_SYS_RESOURCE/);
  });
});

const ROW: Record<string, string> = {
  ...{ core: 'Max core file size', cpu: 'Max cpu time', data: 'Max data size', fsize: 'Max file size' },
  ...{ locks: 'Max file locks', memlock: 'Max locked memory', msgqueue: 'Max msgqueue size' },
  ...{ nice: 'Max nice priority', nofile: 'Max open files', nproc: 'Max processes', rss: 'Max resident set' },
  ...{ rtprio: 'Max realtime priority', rttime: 'Max realtime timeout', sigpending: 'Max pending signals' },
  ...{ stack: 'Max stack size', as: 'Max address space' },
};

/** The whole disk that the engine's files are on, if there is one. */
const disk = (() => {
  const name = execFileSync('lsblk', ['-dnpo', 'NAME,TYPE'], { encoding: 'utf8' });
  return name
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([path, type]) => type === 'disk' && path !== undefined && !/zram|ram/.test(path))?.[0];
})();

describe.skipIf(disk === undefined)('block devices', () => {
  const Path = disk ?? '';
  const { major, minor } = deviceNumber(disk === undefined ? 0 : statSync(disk).rdev);

  test('--device-read-bps, --device-write-bps, --device-read-iops, --device-write-iops: are throttles of the kernel', async () => {
    const id = await begin({
      BlkioDeviceReadBps: [{ Path, Rate: 1_000_000 }],
      BlkioDeviceWriteBps: [{ Path, Rate: 2_000_000 }],
      BlkioDeviceReadIOps: [{ Path, Rate: 300 }],
      BlkioDeviceWriteIOps: [{ Path, Rate: 400 }],
    });
    if (CGROUP_V2) {
      expect(file(id, '', 'io.max')).toBe(`${major}:${minor} rbps=1000000 wbps=2000000 riops=300 wiops=400`);
      return;
    }
    const seen = ['read_bps', 'write_bps', 'read_iops', 'write_iops'].map((kind) =>
      file(id, `blkio/blkio.throttle.${kind}_device`, ''),
    );
    expect(seen).toEqual([1_000_000, 2_000_000, 300, 400].map((rate) => `${major}:${minor} ${rate}`));
  });

  test('--device-write-bps: slows writing down, and stats count it', async () => {
    const id = await c.begin(
      ['sh', '-c', 'time dd if=/dev/zero of=/data bs=512k count=4 oflag=direct; exec sleep 600'],
      {
        HostConfig: { BlkioDeviceWriteBps: [{ Path, Rate: MIB }] },
      },
    );
    await expect.poll(async () => (await c.logs(id)).stderr, { timeout: 30_000 }).toContain('real');
    const [, minutes, seconds] = /real\s+(\d+)m ([\d.]+)s/.exec((await c.logs(id)).stderr) ?? [];
    expect(Number(minutes) * 60 + Number(seconds)).toBeGreaterThan(1);
    const { blkio_stats } = (await c.ask('GET', `/containers/${id}/stats?stream=0&one-shot=1`)).json<{
      blkio_stats: { io_service_bytes_recursive: { op: string; value: number }[] };
    }>();
    const written = blkio_stats.io_service_bytes_recursive.filter(({ op }) => /^write$/i.test(op));
    expect(written.reduce((sum, { value }) => sum + value, 0)).toBeGreaterThanOrEqual(2 * MIB);
  });

  test('--blkio-weight, --blkio-weight-device: are weights of the scheduler', async (t) => {
    const id = await begin({});
    if (!hasGroupFile(group(id), 'blkio/blkio.bfq.weight', 'io.bfq.weight'))
      return t.skip('no weights of the scheduler in this kernel');
    const own = await begin({ BlkioWeight: 300 });
    expect(file(own, 'blkio/blkio.bfq.weight', 'io.bfq.weight')).toMatch(/\b300\b/);
    const loop = freeLoop();
    writeFileSync(loop.scheduler, 'bfq');
    const device = await begin({ BlkioWeightDevice: [{ Path: loop.path, Weight: 200 }] });
    expect(file(device, 'blkio/blkio.bfq.weight_device', 'io.bfq.weight')).toContain(`${loop.number} 200`);
    writeFileSync(loop.scheduler, 'none');
    const none = await c.create(['true'], { HostConfig: { BlkioWeightDevice: [{ Path: loop.path, Weight: 200 }] } });
    expect(await c.refusal('POST', `/containers/${none}/start`)).toContain('its I/O scheduler has none');
    expect(await refusal({ BlkioWeight: 5 })).toBe('400 Range of blkio weight is from 10 to 1000');
  });

  test('--device-read-bps: a device that is not there is refused at the start', async () => {
    const id = await c.create(['true'], { HostConfig: { BlkioDeviceReadBps: [{ Path: '/dev/nope', Rate: 1 }] } });
    expect(await c.refusal('POST', `/containers/${id}/start`)).toContain('/dev/nope');
  });

  test('--io-maxbandwidth, --io-maxiops: are of Windows', async () => {
    expect(await refusal({ IOMaximumBandwidth: 1 })).toMatch(/^400 invalid QoS settings: linux does not support/);
    expect(await refusal({ IOMaximumIOps: 1 })).toMatch(/^400 invalid QoS settings: linux does not support/);
  });
});

/** A loop device that nobody uses, the last one. */
function freeLoop(): { path: string; number: string; scheduler: string } {
  const name = readdirSync('/sys/block')
    .filter((each) => /^loop\d+$/.test(each) && !existsSync(`/sys/block/${each}/loop`))
    .at(-1);
  if (name === undefined) throw new Error('every loop device of this host is in use');
  const number = readFileSync(`/sys/block/${name}/dev`, 'utf8').trim();
  return { path: `/dev/${name}`, number, scheduler: `/sys/block/${name}/queue/scheduler` };
}

describe.concurrent('devices and storage', () => {
  test('--device: a directory brings all devices below it', async () => {
    const HostConfig = {
      Devices: [{ PathOnHost: '/dev/net', PathInContainer: '/dev/links', CgroupPermissions: 'rwm' }],
    };
    expect(
      await c.sh('ls /dev/links; stat -c %t:%T /dev/links/tun; (exec 3<>/dev/links/tun) && echo opens', { HostConfig }),
    ).toBe('tun\na:c8\nopens');
  });

  test('--device, --privileged: what is to be elsewhere is there too; links and the terminals of others are not followed', async () => {
    const moved = { Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/other', CgroupPermissions: 'rwm' }] };
    expect(await c.sh('stat -c %t:%T /dev/fuse /dev/other', { HostConfig: { Privileged: true, ...moved } })).toBe(
      'a:e5\na:e5',
    );
    const all = { Devices: [{ PathOnHost: '/dev', PathInContainer: '/dev/all', CgroupPermissions: 'rwm' }] };
    expect(await c.sh('ls /dev/all | grep -xE "null|fuse|fd|pts"', { HostConfig: all })).toBe('fuse\nnull');
    const none = await c.create(['true'], {
      HostConfig: { Devices: [{ PathOnHost: '/proc/sys', PathInContainer: '/dev/x', CgroupPermissions: 'r' }] },
    });
    expect(await c.refusal('POST', `/containers/${none}/start`)).toContain(
      'adding custom device "/proc/sys": not a device node',
    );
  });

  test('--storage-opt: a size is refused with the reason, anything else as unknown', async () => {
    expect(await refusal({ StorageOpt: { size: '1G' } })).toMatch(
      /^501 --storage-opt size is not supported: it needs a file system with project quotas/,
    );
    expect(await refusal({ StorageOpt: { speed: '1' } })).toBe('400 Unknown option speed');
  });
});

describe.concurrent('control groups', () => {
  test('--cgroup-parent: is where the group is; what was made for it goes with it', async () => {
    const parent = `${c.engine.cgroupParent}-test/deep`;
    const id = await begin({ CgroupParent: parent, PidsLimit: 20 });
    expect(groupFile(`${parent}/${id}`, 'pids/pids.max', 'pids.max')).toBe('20');
    const { Pid } = (await c.inspect(id)).State;
    expect(readFileSync(`/proc/${Pid}/cgroup`, 'utf8')).toContain(`${parent}/${id}`);
    await c.ask('POST', `/containers/${id}/pause`);
    await c.ask('POST', `/containers/${id}/unpause`);
    expect((await c.ask('GET', `/containers/${id}/top`)).json<{ Processes: string[][] }>().Processes).toHaveLength(1);
    await c.remove(id);
    for (const controller of ['memory', 'pids', 'cpu'])
      expect(existsSync(groupDirectory(controller, `${c.engine.cgroupParent}-test`))).toBe(false);
  });

  test('--cgroup-parent: goes also when its container ended while no engine ran', async () => {
    const alone = await startContainers();
    try {
      const parent = `${alone.engine.cgroupParent}-alone`;
      const id = await alone.begin(['sleep', '600'], { HostConfig: { CgroupParent: parent } });
      const { Pid } = (await alone.inspect(id)).State;
      await alone.engine.kill();
      process.kill(Pid, 'SIGKILL');
      await eventually(() => expect(existsSync(`/proc/${Pid}`)).toBe(false));
      await alone.engine.start();
      expect((await alone.inspect(id)).State.ExitCode).toBe(137);
      expect(existsSync(groupDirectory('pids', parent))).toBe(false);
    } finally {
      await alone.engine.stop();
    }
  });

  test('--cgroup-parent: one that was there stays', async () => {
    const parent = c.engine.cgroupParent;
    const id = await begin({ CgroupParent: `${parent}/` });
    expect(groupFile(`${parent}/${id}`, 'pids/pids.current', 'pids.current')).toBe('1');
    await c.remove(id);
  });

  test('--cgroupns: private shows the group as the root', async () => {
    const own = await c.sh('cat /proc/self/cgroup', { HostConfig: { CgroupnsMode: 'private' } });
    expect(own.split('\n').every((line) => line.endsWith(':/'))).toBe(true);
    const shared = await c.sh('cat /proc/self/cgroup', { HostConfig: { CgroupnsMode: 'host' } });
    expect(shared).toContain(c.engine.cgroupParent);
  });
});

test('info says what this kernel can limit', async () => {
  const info = (await c.ask('GET', '/info')).json<Record<string, unknown>>();
  const has = (v1: string, controller: string) =>
    CGROUP_V2 ? readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').includes(controller) : existsSync(v1);
  const root = (name: string) => groupDirectory(name, '/');
  expect(info).toMatchObject({
    MemoryLimit: has(`${root('memory')}memory.limit_in_bytes`, 'memory'),
    CpuCfsQuota: has(`${root('cpu')}cpu.cfs_quota_us`, 'cpu'),
    CPUShares: has(`${root('cpu')}cpu.shares`, 'cpu'),
    CPUSet: has(`${root('cpuset')}cpuset.cpus`, 'cpuset'),
    PidsLimit: has(`${root('pids')}cgroup.procs`, 'pids'),
    OomKillDisable: !CGROUP_V2,
  });
});
