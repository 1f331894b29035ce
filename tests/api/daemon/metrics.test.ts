import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { engineProgram } from '../../support/daemon.ts';
import { request } from '../../support/request.ts';

describe('--metrics-addr', () => {
  let c: Containers;
  let target: { host: string; port: number };
  beforeAll(async () => {
    c = await startContainers({ args: ['--metrics-addr', '127.0.0.1:0'] });
    const port = Number(/metrics are served.*address=127\.0\.0\.1:(\d+)/.exec(c.engine.output())?.[1]);
    target = { host: '127.0.0.1', port };
  });
  afterAll(() => c.engine.stop());

  const metrics = async () => {
    const { status, headers, text } = await request(target, 'GET', '/metrics', { headers: { Host: 'localhost:9323' } });
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const sample of samples) expect(sample).toMatch(/^[a-z_][a-z0-9_]*(\{[^}]*\})? [-+0-9.eInfNa]+$/i);
    return new Map(
      samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  };

  test('states, durations, events and health checks follow what happens', async () => {
    const before = await metrics();
    const state = (of: Map<string, number>, name: string) =>
      of.get(`engine_daemon_container_states_containers{state="${name}"}`);
    const count = (of: Map<string, number>, action: string) =>
      of.get(`engine_daemon_container_actions_seconds_count{action="${action}"}`) ?? 0;
    expect([state(before, 'running'), count(before, 'start')]).toEqual([0, 0]);

    const checked = await c.create(['sleep', '600'], {
      Healthcheck: { Test: ['CMD', 'false'], Interval: 1e8, Retries: 2 },
    });
    await c.start(checked);
    await c.run(['true']);
    await c.ask('POST', `/containers/${checked}/pause`);
    const paused = await metrics();
    expect([state(paused, 'running'), state(paused, 'paused'), state(paused, 'stopped')]).toEqual([0, 1, 1]);
    await c.ask('POST', `/containers/${checked}/unpause`);
    await eventually(async () => {
      const now = await metrics();
      expect(now.get('engine_daemon_health_checks_failed_total')).toBeGreaterThan(0);
      expect(now.get('engine_daemon_health_checks_total')).toBeGreaterThanOrEqual(1);
    });
    const after = await metrics();
    expect([count(after, 'create'), count(after, 'start'), state(after, 'running')]).toEqual([2, 2, 1]);
    expect(after.get('engine_daemon_container_actions_seconds_sum{action="start"}')).toBeGreaterThan(0);
    expect(after.get('engine_daemon_events_total')).toBeGreaterThan(before.get('engine_daemon_events_total')! + 4);
    await c.ask('DELETE', `/containers/${checked}?force=1`);
    expect(count(await metrics(), 'delete')).toBe(1);
  });

  test('engine, host and process', async () => {
    await c.ask('GET', '/info');
    const now = await metrics();
    const info = [...now.keys()].find((name) => name.startsWith('engine_daemon_engine_info{'));
    const { ID, NCPU, MemTotal } = (await c.ask('GET', '/info')).json<{ ID: string; NCPU: number; MemTotal: number }>();
    expect(info).toContain(`daemon_id="${ID}"`);
    expect(now.get('engine_daemon_engine_cpus_cpus')).toBe(NCPU);
    expect(now.get('engine_daemon_engine_memory_bytes')).toBe(MemTotal);
    expect(now.get('process_resident_memory_bytes')).toBeGreaterThan(10e6);
    expect(now.get('process_open_fds')).toBeGreaterThan(3);
    expect(now.get('berth_api_requests_total{route="system.info",code="200"}')).toBeGreaterThan(0);
  });

  test('nothing else is there, and pages of others get nothing', async () => {
    const status = async (method: string, path: string, headers: Record<string, string> = { Host: '127.0.0.1' }) =>
      (await request(target, method, path, { headers })).status;
    expect(await status('GET', '/info')).toBe(404);
    expect(await status('POST', '/metrics')).toBe(405);
    expect(await status('GET', '/metrics', { Host: 'localhost', Origin: 'https://evil.example' })).toBe(403);
    expect(await status('GET', '/metrics', { Host: 'rebound.example' })).toBe(403);
  });
});

test('metrics beyond loopback are refused without client certificates', async () => {
  const { code, stderr } = await engineProgram(
    '--config-file',
    '/dev/null',
    '--validate',
    '--metrics-addr',
    '0.0.0.0:9323',
  );
  expect([code, stderr]).toEqual([1, expect.stringContaining('refusing to serve metrics on 0.0.0.0:9323')]);
});
