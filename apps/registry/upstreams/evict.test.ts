import { expect, test } from 'vitest';
import { digestOf, MANIFEST, offer, startCache, startOther } from '../../../tests/support/upstreams.ts';

test("what was pushed is nobody else's business: not asked about, not evicted", async () => {
  const other = await startOther();
  const fetched = offer(other, 'team/app', 'theirs');
  const source = await startOther();
  const own = offer(source, 'x', 'ours');
  const registry = await startCache(other, { config: { fetched: { unusedAfter: '1h' } } });
  const repository = '/v2/hub.test/team/app';
  for (const blob of [own.config, own.layer])
    expect(
      (await registry.ask(`${repository}/blobs/uploads/?digest=${digestOf(blob)}`, { method: 'POST', body: blob }))
        .status,
    ).toBe(201);
  const push = (tag: string) =>
    registry.ask(`${repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': MANIFEST },
      body: own.manifest,
    });
  expect((await push('ours')).status).toBe(201);
  expect((await registry.ask(`${repository}/manifests/theirs`)).status).toBe(200);
  const before = other.requests.length;
  expect((await registry.ask(`${repository}/manifests/ours`)).bytes.equals(own.manifest)).toBe(true);
  expect(other.requests.length).toBe(before);
  expect((await registry.registry.evict({ unusedMs: 3_600_000, dryRun: false })).manifests).toEqual([]);
  expect((await registry.registry.evict({ unusedMs: -1, dryRun: true })).manifests).toHaveLength(1);
  expect((await registry.registry.evict({ unusedMs: -1, dryRun: false })).manifests).toEqual([
    { repository: 'hub.test/team/app', digest: fetched.digest },
  ]);
  expect((await registry.ask(`${repository}/manifests/ours`)).status).toBe(200);
  // Pushed over what was fetched: from now on it is pushed.
  expect((await registry.ask(`${repository}/manifests/theirs`)).status).toBe(200);
  expect((await push('theirs')).status).toBe(201);
  expect((await registry.ask(`${repository}/manifests/theirs`)).bytes.equals(own.manifest)).toBe(true);
  const tags = await registry.ask(`${repository}/tags/list`);
  expect(JSON.parse(String(tags.bytes))).toEqual({ name: 'hub.test/team/app', tags: ['ours', 'theirs'] });
});

test('more than the bound does not stay: what was used last stays longest', async () => {
  const other = await startOther();
  const registry = await startCache(other);
  const images = ['one', 'two', 'three'].map((name) => ({ name, ...offer(other, `team/${name}`, '1') }));
  const pull = async ({ name, layer }: { name: string; layer: Buffer }) => {
    expect((await registry.ask(`/v2/hub.test/team/${name}/manifests/1`)).status).toBe(200);
    expect((await registry.ask(`/v2/hub.test/team/${name}/blobs/${digestOf(layer)}`)).status).toBe(200);
  };
  for (const image of images) {
    await pull(image);
    await new Promise((resolve) => setTimeout(resolve, 5)); // a later millisecond
  }
  const evict = (maxBytes: number, dryRun = false) => registry.registry.evict({ maxBytes, dryRun });
  expect((await evict(1_000_000)).manifests).toEqual([]);
  const gone = images[0]!;
  expect((await evict(250_000, true)).manifests).toHaveLength(1);
  expect((await evict(250_000)).manifests).toEqual([{ repository: 'hub.test/team/one', digest: gone.digest }]);
  expect((await evict(250_000)).manifests).toEqual([]);
  expect((await registry.registry.collect({ dryRun: false, graceMs: 0 })).bytes).toBeGreaterThan(100_000);
  const before = other.count(/^GET .*blobs/);
  for (const image of images) await pull(image);
  expect(other.count(/^GET .*blobs/)).toBe(before + 1);
});

test('who may push is not told that a blob is here when only the upstream has it', async () => {
  const other = await startOther();
  const { layer } = offer(other, 'team/app', '1');
  const registry = await startCache(other);
  expect((await registry.ask(`/v2/hub.test/team/app/blobs/${digestOf(layer)}`, { method: 'HEAD' })).status).toBe(404);
  const readers = { access: { rules: [{ who: ['anonymous'], may: ['pull'] }] } };
  const readOnly = await startCache(other, { config: readers });
  const head = await readOnly.ask(`/v2/hub.test/team/app/blobs/${digestOf(layer)}`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(layer.length)]);
  expect(other.count(/GET .*blobs/)).toBe(0);
});
