import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { groupFile } from '../../support/cgroup-file.ts';
import { clientProgram } from '../../support/client.ts';
import { type Containers, startContainers } from '../../support/containers.ts';
import { run } from '../../support/docker.ts';

const CLIENTS = ['docker', 'berth'] as const;
let c: Containers;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-update-'));
  c = await startContainers();
});
afterAll(async () => {
  await c?.engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

const type = (client: (typeof CLIENTS)[number], args: string[]) =>
  run(clientProgram(client), args, { env: { DOCKER_HOST: c.engine.host, DOCKER_CONFIG: folder, HOME: folder } });

describe.each(CLIENTS)('by %s', (client) => {
  test('update changes what runs, and names it', async () => {
    const flags = '--memory 64m --memory-swap 128m --pids-limit 7 --cpu-shares 256 --restart on-failure:3'.split(' ');
    const id = await c.begin(['sleep', '600'], {}, `${client}-a`);
    await c.create(['true'], {}, `${client}-b`);
    const { code, stdout, stderr } = await type(client, ['update', ...flags, `${client}-a`, `${client}-b`]);
    expect([code, stdout, stderr]).toEqual([0, `${client}-a\n${client}-b\n`, '']);
    expect(groupFile(`${c.engine.cgroupParent}/${id}`, 'pids/pids.max', 'pids.max')).toBe('7');
    for (const name of ['a', 'b']) {
      expect((await c.inspect(`${client}-${name}`)).HostConfig).toMatchObject({
        ...{ Memory: 64 << 20, MemorySwap: 128 << 20, PidsLimit: 7, CpuShares: 256 },
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      });
    }
  });

  test.each<[string[], string]>([
    [['idle'], 'you must provide one or more flags when using this command'],
    [['--cpus', '0.5', 'nobody'], 'Error response from daemon: No such container: nobody'],
    [['--memory', '1m', 'idle'], 'Error response from daemon: Minimum memory limit allowed is 6MB'],
    [['--restart', 'x', 'idle'], "Error response from daemon: invalid restart policy: unknown policy 'x'"],
  ])('update %j is refused', async (args, message) => {
    const name = `${client}-idle`;
    if ((await c.engine.request('GET', `/containers/${name}/json`)).status === 404) await c.create(['true'], {}, name);
    const { code, stdout, stderr } = await type(client, [
      'update',
      ...args.map((arg) => (arg === 'idle' ? name : arg)),
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });

  test('--cpus, --memory, --ulimit, --device-write-bps, --cgroup-parent, --cpuset-cpus: by the command line', async () => {
    const parent = `${c.engine.cgroupParent}-${client}`;
    const flags = [
      ...['--cpus', '0.5', '--memory', '32m', '--ulimit', 'nofile=100:200', '--cgroup-parent', parent],
      ...['--cpuset-cpus', '0', '--pids-limit', '30', '--shm-size', '1m', '--oom-score-adj', '10'],
    ];
    const script = 'ulimit -n; cat /proc/self/cgroup; nproc; cat /proc/self/oom_score_adj';
    const { code, stdout, stderr } = await type(client, ['run', '--rm', ...flags, 'busybox:test', 'sh', '-c', script]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^100\n/);
    expect(stdout).toContain(`${parent}/`);
    expect(stdout).toMatch(/\n1\n10\n$/);
  });

  test('--kernel-memory: is discarded, and our client tells (that of Docker does not send it)', async () => {
    const { code, stderr } = await type(client, ['create', '--kernel-memory', '50m', 'busybox:test']);
    const told = client === 'berth' ? expect.stringContaining('kernel memory limit is deprecated') : '';
    expect([code, stderr]).toEqual([0, told]);
  });
});
