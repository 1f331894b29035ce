import { afterEach, expect, test } from 'vitest';
import { serveHealth } from './health.ts';
import { createRegistryMetrics } from './registry-metrics.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

test('figures of requests, caches and bounds', () => {
  const metrics = createRegistryMetrics(() => 3);
  const facts = { endpoint: 'blob.get', status: 200, bytesIn: 10, bytesOut: 1000, milliseconds: 20 };
  metrics.answered(facts);
  metrics.answered({ ...facts, status: 404, milliseconds: 3000 });
  metrics.answered({ ...facts, endpoint: undefined, status: 404 });
  metrics.cache('docker.io', 'blob', 'hit');
  metrics.cache('docker.io', 'blob', 'hit');
  metrics.fetched('docker.io', 77);
  metrics.refused('quota');
  metrics.stored({ bytes: 5, objects: 2 });
  const lines = metrics.text().split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'berth_registry_requests_total{endpoint="blob.get",code="200"} 1',
      'berth_registry_requests_total{endpoint="blob.get",code="404"} 1',
      'berth_registry_requests_total{endpoint="none",code="404"} 1',
      'berth_registry_received_bytes_total{endpoint="blob.get"} 20',
      'berth_registry_sent_bytes_total{endpoint="blob.get"} 2000',
      'berth_registry_request_seconds_bucket{endpoint="blob.get",le="0.025"} 1',
      'berth_registry_request_seconds_count{endpoint="blob.get"} 2',
      'berth_registry_cache_requests_total{upstream="docker.io",kind="blob",result="hit"} 2',
      'berth_registry_upstream_bytes_total{upstream="docker.io"} 77',
      'berth_registry_refused_total{reason="quota"} 1',
      'berth_registry_requests_under_way 3',
      'berth_registry_stored_bytes 5',
      'berth_registry_stored_objects 2',
    ]),
  );
  for (const line of lines) expect(line).toMatch(/^$|^#|^[a-z_]+(\{[^}]*\})? [-0-9.e+]+$/);
});

test('health: lives, is ready or says nothing of why not', async () => {
  let ready: () => Promise<void> = async () => undefined;
  const server = await serveHealth({ ready: () => ready(), metrics: () => 'a 1\n' }, '127.0.0.1:0');
  closing.push(server.close);
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://${server.address}${path}`, { method });
    return [response.status, await response.text()];
  };
  expect(await get('/healthz')).toEqual([200, 'ok\n']);
  expect(await get('/readyz')).toEqual([200, 'ok\n']);
  expect(await get('/metrics?x')).toEqual([200, 'a 1\n']);
  expect(await get('/metrics', 'POST')).toEqual([405, 'Method Not Allowed\n']);
  expect(await get('/v2/')).toEqual([404, 'not found\n']);
  ready = () => Promise.reject(new Error('disk /secret/path is broken'));
  expect(await get('/readyz')).toEqual([503, 'not ready\n']);
  expect(await get('/healthz')).toEqual([200, 'ok\n']);
});

test('an address that is taken or none', async () => {
  const parts = { ready: async () => undefined, metrics: undefined };
  const server = await serveHealth(parts, '127.0.0.1:0');
  closing.push(server.close);
  await expect(serveHealth(parts, server.address)).rejects.toMatchObject({ code: 'unavailable' });
  await expect(serveHealth(parts, 'nonsense')).rejects.toMatchObject({ code: 'invalid' });
  expect((await fetch(`http://${server.address}/metrics`)).status).toBe(404);
});
