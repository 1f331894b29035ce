import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { run } from '../../support/docker.ts';

let c: Containers;
let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'berth-health-'));
  c = await startContainers();
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
    return stdout.trim();
  };

  test('--health-cmd, --health-interval, --health-retries: from healthy to unhealthy, as ps and inspect tell it', async () => {
    const name = `${client}-checked`;
    const flags = ['--health-cmd', 'test ! -e /ill', '--health-interval', '50ms', '--health-retries', '2'];
    await said('run', '-d', '--name', name, ...flags, 'busybox:test', 'sleep', '600');
    const status = () => said('ps', '--filter', `name=${name}`, '--format', '{{.Status}}');
    await eventually(async () => expect(await status()).toMatch(/^Up .* \(healthy\)$/));
    expect(await said('ps', '-q', '--no-trunc', '--filter', 'health=healthy', '--filter', `name=${name}`)).toMatch(
      /^[0-9a-f]{64}$/,
    );
    await said('exec', name, 'touch', '/ill');
    await eventually(async () =>
      expect(await said('inspect', '-f', '{{.State.Health.Status}} {{len .State.Health.Log}}', name)).toBe(
        'unhealthy 5',
      ),
    );
    const until = String(Date.now() / 1000 + 0.001);
    const events = ['events', '--since', '1', '--until', until, '--filter', 'event=health_status'];
    expect((await said(...events, '--filter', `container=${name}`, '--format', '{{.Action}}')).split('\n')).toEqual([
      ...['health_status: healthy', 'health_status: unhealthy'],
    ]);
    await said('rm', '-f', name);
  });

  test('--health-timeout, --health-start-period, --health-start-interval: as inspect shows what was asked for', async () => {
    const flags = ['--health-cmd', 'x', '--health-timeout', '1m30s', '--health-start-period', '5s'];
    const id = await said('create', ...flags, '--health-start-interval', '10ms', 'busybox:test', 'true');
    expect(JSON.parse(await said('inspect', '-f', '{{json .Config.Healthcheck}}', id))).toEqual({
      ...{ Test: ['CMD-SHELL', 'x'], Timeout: 90e9, StartPeriod: 5e9, StartInterval: 10e6 },
    });
  });

  test('--no-healthcheck: and what contradicts it', async () => {
    const both = await type('create', '--no-healthcheck', '--health-cmd', 'x', 'busybox:test');
    expect(both).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('--no-healthcheck conflicts with --health-'),
    });
    const id = await said('create', '--no-healthcheck', 'busybox:test', 'true');
    expect(await said('inspect', '-f', '{{json .Config.Healthcheck}}', id)).toBe('{"Test":["NONE"]}');
    const short = await type('create', '--health-cmd', 'x', '--health-interval', '5us', 'busybox:test', 'true');
    expect(short.code).toBe(1);
    expect(short.stderr).toContain('Interval in Healthcheck cannot be less than 1ms');
  });
});
