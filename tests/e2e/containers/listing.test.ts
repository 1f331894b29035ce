import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { run } from '../../support/docker.ts';
import { parseTable } from '../../support/table.ts';

let c: Containers;
let home: string;
const ids: Record<string, string> = {};

/** web runs with everything that can be asked for; old has ended with 3, new was never started. In this order. */
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'berth-listing-'));
  c = await startContainers();
  const web = {
    ...{ Labels: { tier: 'front', a: '' }, ExposedPorts: { '90/udp': {} }, Volumes: { '/data': {} } },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 50e6 },
    HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] }, Binds: ['/tmp:/host:ro'] },
  };
  ids['web'] = await c.begin(['sleep', '600'], web, 'web');
  ids['old'] = await c.begin(['sh', '-c', 'echo some text > /f; exit 3'], { Labels: { tier: 'back' } }, 'old');
  await c.wait('old');
  ids['new'] = await c.create(['true'], { HostConfig: { NetworkMode: 'none' } }, 'new');
  await eventually(async () =>
    expect((await c.ask('GET', '/containers/web/json')).json()).toMatchObject({
      State: { Health: { Status: 'healthy' } },
    }),
  );
});
afterAll(async () => {
  await c.engine.stop();
  rmSync(home, { recursive: true, force: true });
});

describe.each(['docker', 'berth'] as const)('%s', (client) => {
  const type = (...args: string[]) =>
    run(clientProgram(client), args, { env: { DOCKER_HOST: c.engine.host, DOCKER_CONFIG: home } });
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await type(...args);
    expect(code, stderr).toBe(0);
    return stdout.trimEnd();
  };
  const names = async (...args: string[]) =>
    (await said('ps', '--format', '{{.Names}}', ...args)).split('\n').filter(Boolean);

  test.each<[string, string[]]>([
    ['id=WEB', ['web']],
    ['name=we', ['web']],
    ['name=^/old$', ['old']],
    ['name=o|n', ['new', 'old']],
    ['label=tier', ['old', 'web']],
    ['label=tier=front', ['web']],
    ['exited=3', ['old']],
    ['exited=0', []],
    ['status=created', ['new']],
    ['status=exited', ['old']],
    ['status=running', ['web']],
    ['status=paused', []],
    ['ancestor=busybox:test', ['new', 'old', 'web']],
    ['ancestor=nothing', []],
    ['before=old', ['web']],
    ['since=old', ['new']],
    ['volume=/data', ['web']],
    ['volume=/host', ['web']],
    ['volume=/tmp', ['web']],
    ['network=none', ['new']],
    ['network=bridge', ['old', 'web']],
    ['publish=80', []],
    ['expose=80', ['web']],
    ['expose=85-95/udp', ['web']],
    ['is-task=true', []],
    ['is-task=false', ['new', 'old', 'web']],
    ['health=healthy', ['web']],
    ['health=none', ['new', 'old']],
  ])('ps -a --filter %s', async (filter, expected) => {
    expect(await names('-a', '--filter', filter.replace('WEB', ids['web']!.slice(0, 12)))).toEqual(expected);
  });

  test('ps --filter publish by the port of the host', async () => {
    const port = /:(\d+)$/.exec(await said('port', 'web', '80'))![1]!;
    expect(await names('--filter', `publish=${port}`)).toEqual(['web']);
    expect(await names('--filter', `publish=${port}/udp`)).toEqual([]);
  });

  test('several values of a filter: one is enough; of labels all; of several filters all', async () => {
    expect(await names('-a', '-f', 'name=web', '-f', 'name=new')).toEqual(['new', 'web']);
    expect(await names('-a', '-f', 'label=tier=front', '-f', 'label=a')).toEqual(['web']);
    expect(await names('-a', '-f', 'label=tier=back', '-f', 'label=a')).toEqual([]);
    expect(await names('-f', 'status=exited', '-f', 'status=created')).toEqual(['new', 'old']);
    expect(await names('-f', 'status=exited', '-f', 'name=web')).toEqual([]);
  });

  test('which are shown: -a, -n, -l, and those that run', async () => {
    expect(await names()).toEqual(['web']);
    expect(await names('-a')).toEqual(['new', 'old', 'web']);
    expect(await names('-n', '2')).toEqual(['new', 'old']);
    expect(await names('-l')).toEqual(['new']);
    expect(await names('-n', '1', '--filter', 'name=web')).toEqual(['web']);
  });

  test('what is shown: -q, --no-trunc, -s, templates', async () => {
    expect((await said('ps', '-aq', '--no-trunc')).split('\n')).toEqual([ids['new'], ids['old'], ids['web']]);
    expect(await said('ps', '-q')).toBe(ids['web']!.slice(0, 12));
    const [row] = parseTable(await said('ps', '-a', '-s', '--filter', 'name=old'));
    expect(row).toMatchObject({
      NAMES: 'old',
      IMAGE: 'busybox:test',
      STATUS: expect.stringMatching(/^Exited \(3\) .* ago$/),
      SIZE: expect.stringMatching(/^10B \(virtual \d/),
    });
    expect(await said('ps', '-f', 'name=web', '--format', '{{.Label "tier"}} {{.State}} {{upper .Names}}')).toBe(
      'front running WEB',
    );
    expect(JSON.parse(await said('ps', '-f', 'name=web', '--format', 'json'))).toMatchObject({ Names: 'web' });
  });

  test('filters that do not exist or make no sense are refused', async () => {
    for (const [filter, why] of [
      ['colour=red', "invalid filter 'colour'"],
      ['status=happy', "invalid filter 'status=happy'"],
      ['before=nobody', 'No such container: nobody'],
    ] as const)
      expect(await type('ps', '--filter', filter)).toMatchObject({
        ...{ code: 1, stderr: expect.stringContaining(`Error response from daemon: ${why}`) },
      });
  });

  test('events: --since and --until in all forms, --filter, --format', async () => {
    const until = new Date(Date.now() + 1);
    const seconds = (time: Date) => String(time.getTime() / 1000);
    const wish = ['--filter', 'container=old', '--filter', 'type=container', '--format', '{{.Action}}'];
    const told = async (since: string, end = seconds(until)) =>
      (await said('events', '--since', since, '--until', end, ...wish)).split('\n').filter(Boolean);
    const all = ['create', 'start', 'die'];
    expect(await told('1h')).toEqual(all);
    expect(await told('1h0m0s')).toEqual(all);
    expect(await told('1')).toEqual(all);
    expect(await told('2020-01-01')).toEqual(all);
    expect(await told('2020-01-01T10:00:00')).toEqual(all);
    expect(await told('2020-01-01T10:00:00.5Z', until.toISOString())).toEqual(all);
    expect(await told('2020-01-01T10:00:00+02:00', '2021-01-01')).toEqual([]);
    const die = JSON.parse(
      await said(
        'events',
        '--since',
        '1h',
        '--until',
        '0s',
        ...wish.slice(0, 4),
        '--filter',
        'event=die',
        '--format',
        'json',
      ),
    );
    expect(die).toMatchObject({
      Action: 'die',
      Actor: { ID: ids['old'], Attributes: { exitCode: '3', tier: 'back' } },
    });
    expect(
      await said('events', '--since', '1h', '--until', seconds(until), '-f', 'container=old', '-f', 'event=die'),
    ).toMatch(
      /^\d{4}-\d\d-\d\dT\S+ container die [0-9a-f]{64} \(.*exitCode=3, image=busybox:test, name=old, tier=back\)$/,
    );
    expect(await type('events', '--since', 'yore')).toMatchObject({
      ...{ code: 1, stderr: 'failed to parse value as time or duration: "yore"\n' },
    });
  });

  test('prune: --filter until, label, label!', async () => {
    const made = await Promise.all(['x', 'y'].map((kind) => c.create(['true'], { Labels: { kind, of: client } })));
    const prune = async (...filters: string[]) =>
      said(
        'container',
        'prune',
        '-f',
        ...filters.flatMap((filter) => ['--filter', filter]),
        '--filter',
        `label=of=${client}`,
      );
    expect(await prune('until=24h')).toBe('Total reclaimed space: 0B');
    expect(await prune('label!=kind')).toBe('Total reclaimed space: 0B');
    expect(await prune('label!=kind=x')).toBe(`Deleted Containers:\n${made[1]}\n\nTotal reclaimed space: 0B`);
    expect(await prune('until=0s')).toBe(`Deleted Containers:\n${made[0]}\n\nTotal reclaimed space: 0B`);
    const wrong = await type('container', 'prune', '-f', '--filter', 'until=yore');
    expect(wrong.stderr).toContain('failed to parse value as time or duration: "yore"');
  });

  test('wait, kill, stop, rm take several names and go on after one that does not exist', async () => {
    const made = await Promise.all([0, 1].map(() => c.begin(['sleep', '600'], { StopSignal: 'SIGKILL' })));
    const [first, second] = made as [string, string];
    const none = `No such container: ${client}-none`;
    for (const verb of [['stop'], ['start'], ['restart', '-t', '0'], ['pause'], ['unpause'], ['kill'], ['rm']]) {
      const { code, stdout, stderr } = await type(...verb, first, `${client}-none`, second);
      expect([code, stdout.trim().split('\n').sort()], verb.join()).toEqual([1, [first, second].sort()]);
      expect(stderr).toContain(none);
    }
    const ended = await c.run(['sh', '-c', 'exit 4']);
    expect(await type('wait', 'old', `${client}-none`, ended.id)).toMatchObject({
      ...{ code: 1, stdout: '3\n4\n', stderr: expect.stringContaining(none) },
    });
    await c.remove(ended.id);
  });
});
