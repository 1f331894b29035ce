import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CgroupHost, detectCgroups } from '../../../apps/engine/linux/cgroup.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { jsonLinesOf, type Stats } from '../../support/stats.ts';

const MIB = 1024 * 1024;
let c: Containers;
let host: CgroupHost;
beforeAll(async () => {
  c = await startContainers();
  host = detectCgroups();
});
afterAll(() => c.engine.stop());

const one = async (id: string, query = 'stream=0&one-shot=1') =>
  (await c.ask('GET', `/containers/${id}/stats?${query}`)).json<Stats>();

/** A file of a container's group. */
function file(id: string, v1: [string, string], v2: string): string {
  const [base, name] = host.version === 2 ? [host.unified!, v2] : [host.mounts.get(v1[0])!, v1[1]];
  return readFileSync(join(base, c.engine.cgroupParent, id, name), 'utf8').trim();
}

describe.concurrent('one look', () => {
  test('agrees with the files of the control group', async () => {
    const id = await c.begin(['sh', '-c', 'sleep 600 & exec sleep 600'], {
      HostConfig: { Memory: 64 * MIB, PidsLimit: 50 },
    });
    await eventually(() => expect(file(id, ['pids', 'pids.current'], 'pids.current')).toBe('2'));
    const before = Number(
      file(id, ['cpuacct', 'cpuacct.usage'], 'cpu.stat').replace(/^usage_usec (\d+)[\s\S]*/, '$1000'),
    );
    const seen = await one(id);
    const after = Number(
      file(id, ['cpuacct', 'cpuacct.usage'], 'cpu.stat').replace(/^usage_usec (\d+)[\s\S]*/, '$1000'),
    );
    expect(seen.pids_stats).toEqual({ current: 2, limit: 50 });
    expect(seen.memory_stats.limit).toBe(64 * MIB);
    // The kernel's own count moves between two looks at it, now and then.
    await eventually(async () => {
      const usage = Number(file(id, ['memory', 'memory.usage_in_bytes'], 'memory.current'));
      expect((await one(id)).memory_stats.usage).toBe(usage);
    });
    expect(seen.cpu_stats.cpu_usage.total_usage).toBeGreaterThanOrEqual(before);
    expect(seen.cpu_stats.cpu_usage.total_usage).toBeLessThanOrEqual(after);
    expect(seen.cpu_stats.online_cpus).toBe(readFileSync('/proc/stat', 'utf8').match(/^cpu\d/gm)?.length);
    expect(seen).toMatchObject({
      id,
      name: `/${(await c.inspect(id)).Name.slice(1)}`,
      preread: '0001-01-01T00:00:00Z',
    });
    const stat = file(id, ['memory', 'memory.stat'], 'memory.stat');
    for (const [name, value] of Object.entries(seen.memory_stats.stats ?? {}))
      expect(stat, name).toMatch(new RegExp(`^${name} ${name.startsWith('hierarchical') ? '' : value}`, 'm'));
    expect(Math.abs(Date.parse(seen.read) - Date.now())).toBeLessThan(60_000);
  });

  test('counts the bytes of the network as the container does', async () => {
    const id = await c.begin(['sleep', '600']);
    const [gateway] = c.engine.bip.split('/');
    const ping = await c.exec(id, ['ping', '-c', '3', '-i', '0.2', '-s', '1000', gateway ?? '']);
    expect(ping.code, ping.stdout + ping.stderr).toBe(0);
    const { networks } = await one(id);
    const [, counters = ''] = /eth0:(.*)/.exec((await c.exec(id, ['cat', '/proc/net/dev'])).stdout) ?? [];
    const numbers = counters.trim().split(/\s+/).map(Number);
    expect(Object.keys(networks ?? {})).toEqual(['eth0']);
    expect(networks?.['eth0']?.tx_bytes).toBeGreaterThan(3000);
    expect(networks?.['eth0']?.tx_bytes).toBeLessThanOrEqual(numbers[8] ?? 0);
    expect(networks?.['eth0']?.rx_packets).toBeLessThanOrEqual(numbers[1] ?? 0);
    const shared = await c.begin(['sleep', '600'], { HostConfig: { NetworkMode: 'host' } });
    expect((await one(shared)).networks).toBeUndefined();
  });

  test('of a container that does not run is all zero', async () => {
    const id = await c.create(['true'], {}, 'idle');
    const seen = await one(id, 'stream=false');
    expect(seen).toMatchObject({ id, name: '/idle', read: '0001-01-01T00:00:00Z', pids_stats: {}, memory_stats: {} });
    expect(seen.cpu_stats.cpu_usage.total_usage).toBe(0);
  });

  test('without stream comes with the look before it', async () => {
    const id = await c.begin(['sh', '-c', 'while :; do :; done'], { HostConfig: { NanoCpus: 50_000_000 } });
    await eventually(async () =>
      expect((await one(id)).cpu_stats.throttling_data.throttled_periods).toBeGreaterThan(0),
    );
    const seen = await one(id, 'stream=false');
    await c.remove(id);
    const cpu = seen.cpu_stats.cpu_usage.total_usage - seen.precpu_stats.cpu_usage.total_usage;
    const wall = Date.parse(seen.read) - Date.parse(seen.preread);
    expect(wall).toBeGreaterThanOrEqual(900);
    // A twentieth of a CPU at most, whatever else this machine does; a period more or less.
    expect(cpu / 1e6).toBeLessThan(wall * 0.05 + 120);
    expect(cpu).toBeGreaterThan(0);
    expect(seen.cpu_stats.throttling_data.throttled_periods).toBeGreaterThan(0);
    expect(seen.cpu_stats.system_cpu_usage).toBeGreaterThan(seen.precpu_stats.system_cpu_usage ?? 0);
  });
});

describe.concurrent('a stream', () => {
  test('goes on over stop and start, and ends with the removal', async () => {
    const id = await c.begin(['sleep', '600']);
    const lines: Stats[] = [];
    const reading = jsonLinesOf(c.engine, `/containers/${id}/stats`, (line) => lines.push(line));
    await eventually(() => expect(lines.length).toBeGreaterThan(1));
    expect(lines[0]?.precpu_stats.system_cpu_usage).toBeUndefined();
    expect(lines[1]?.preread).toBe(lines[0]?.read);
    expect(lines[1]?.precpu_stats).toEqual(lines[0]?.cpu_stats);
    await c.ask('POST', `/containers/${id}/stop?t=0`);
    await eventually(() => expect(lines.at(-1)?.pids_stats).toEqual({}));
    await c.start(id);
    await eventually(() => expect(lines.at(-1)?.pids_stats.current).toBe(1));
    await c.remove(id);
    expect(await reading).toBe('end');
  });

  test('is one look for all who watch', async () => {
    const id = await c.begin(['sleep', '600']);
    const seen: Stats[][] = [[], [], []];
    const abort = new AbortController();
    const readings = seen.map((lines) =>
      jsonLinesOf(c.engine, `/containers/${id}/stats`, (line) => lines.push(line), abort.signal),
    );
    await eventually(() => expect(Math.min(...seen.map((lines) => lines.length))).toBeGreaterThan(2));
    const times = seen.map((lines) => lines[2]?.read);
    const all = new Set(seen.flatMap((lines) => lines.map((line) => line.read)));
    expect(all.size).toBeLessThan(seen.flat().length);
    expect(times.every((time) => time !== undefined && all.has(time))).toBe(true);
    abort.abort();
    expect(await Promise.all(readings)).toEqual(['aborted', 'aborted', 'aborted']);
  });
});

describe.concurrent('is refused', () => {
  test('for one-shot streams and for names that nobody has', async () => {
    const id = await c.create(['true']);
    expect(await c.refusal('GET', `/containers/${id}/stats?one-shot=1`)).toBe(
      '400 cannot have stream=true and one-shot=true',
    );
    expect(await c.refusal('GET', '/containers/nobody/stats')).toBe('404 No such container: nobody');
  });
});
