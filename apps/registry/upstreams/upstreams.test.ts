import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { digestOf, MANIFEST, offer, send, startCache, startOther } from '../../../tests/support/upstreams.ts';

test('what is asked for is fetched, kept, and given when the upstream is gone', async () => {
  const other = await startOther();
  const { manifest, layer, config, digest } = offer(other, 'team/app', '1');
  const registry = await startCache(other);
  const pull = async () => {
    const got = await registry.ask('/v2/hub.test/team/app/manifests/1');
    expect([got.status, got.headers.get('docker-content-digest'), got.headers.get('content-type')]).toEqual([
      200,
      digest,
      MANIFEST,
    ]);
    expect(got.bytes.equals(manifest)).toBe(true);
    for (const blob of [config, layer]) {
      const { status, bytes } = await registry.ask(`/v2/hub.test/team/app/blobs/${digestOf(blob)}`);
      expect([status, digestOf(bytes)]).toEqual([200, digestOf(blob)]);
    }
  };
  await pull();
  const before = other.requests.length;
  await pull();
  expect(other.requests.length).toBe(before);
  await other.close();
  await pull();
  expect(await registry.figures()).toEqual(
    expect.arrayContaining([
      'berth_registry_cache_requests_total{upstream="hub.test",kind="manifest",result="miss"} 1',
      'berth_registry_cache_requests_total{upstream="hub.test",kind="manifest",result="hit"} 2',
      `berth_registry_upstream_bytes_total{upstream="hub.test"} ${layer.length + config.length}`,
    ]),
  );
});

test('the registry may be named by the client, and the root may be an upstream', async () => {
  const [hub, quay] = [await startOther(), await startOther()];
  const one = offer(hub, 'library/app', '1');
  const two = offer(quay, 'org/app', '1');
  const registry = await startCache(hub, {
    config: {
      upstreams: [
        { prefix: 'docker.io', url: hub.url },
        { prefix: 'quay.io', url: quay.url },
        { prefix: '', url: quay.url },
      ],
    },
  });
  expect((await registry.ask('/v2/library/app/manifests/1?ns=docker.io')).bytes.equals(one.manifest)).toBe(true);
  expect((await registry.ask('/v2/org/app/manifests/1?ns=quay.io')).bytes.equals(two.manifest)).toBe(true);
  expect((await registry.ask('/v2/org/app/manifests/1')).bytes.equals(two.manifest)).toBe(true);
  expect((await registry.ask('/v2/org/app/manifests/1?ns=ghcr.io')).status).toBe(404);
  expect((await registry.ask('/v2/?ns=docker.io')).status).toBe(200);
});

test('many clients at once cost one fetch, each gets every byte, a slow one holds up nobody', async () => {
  const other = await startOther();
  const layer = randomBytes(6_000_000);
  const { layerPath } = offer(other, 'team/app', '1', layer);
  const { promise: go, resolve } = Promise.withResolvers<void>();
  other.answers.set(layerPath, (request, response) => {
    response.writeHead(200, { 'content-length': layer.length });
    if (request.method === 'HEAD') return void response.end();
    response.write(layer.subarray(0, 1_000_000));
    void go.then(() => response.end(layer.subarray(1_000_000)));
  });
  const registry = await startCache(other);
  const path = `/v2/hub.test${layerPath.slice('/v2'.length)}`;
  const slow = await fetch(`http://${registry.address}${path}`);
  const slowReader = slow.body!.getReader();
  const first = await slowReader.read();
  expect(first.value!.length).toBeGreaterThan(0);
  const parts = [
    registry.ask(path),
    registry.ask(path),
    registry.ask(path, { headers: { range: 'bytes=10-5000009' } }),
  ];
  resolve();
  const [a, b, c] = await Promise.all(parts);
  expect([digestOf(a!.bytes), digestOf(b!.bytes)]).toEqual([digestOf(layer), digestOf(layer)]);
  expect([c!.status, c!.headers.get('content-range')]).toEqual([206, `bytes 10-5000009/${layer.length}`]);
  expect(c!.bytes.equals(layer.subarray(10, 5_000_010))).toBe(true);
  const rest = [Buffer.from(first.value!)];
  for (let next = await slowReader.read(); !next.done; next = await slowReader.read())
    rest.push(Buffer.from(next.value));
  expect(digestOf(Buffer.concat(rest))).toBe(digestOf(layer));
  expect(other.count(/GET .*blobs/)).toBe(1);
});

test('a client who leaves does not end the fetch', async () => {
  const other = await startOther();
  const { layerPath, layer } = offer(other, 'team/app', '1', randomBytes(2_000_000));
  const { promise: go, resolve } = Promise.withResolvers<void>();
  const whole = other.answers.get(layerPath)!;
  other.answers.set(layerPath, (request, response) =>
    request.method === 'HEAD' ? whole(request, response) : void go.then(() => whole(request, response)),
  );
  const registry = await startCache(other);
  const path = `/v2/hub.test${layerPath.slice('/v2'.length)}`;
  const leaving = new AbortController();
  const left = await fetch(`http://${registry.address}${path}`, { signal: leaving.signal });
  leaving.abort();
  await left.arrayBuffer().catch(() => undefined);
  resolve();
  await expect.poll(async () => (await registry.ask(path)).bytes.length).toBe(layer.length);
  expect(other.count(/GET .*blobs/)).toBe(1);
});

test('content that is not what its digest says reaches nobody as a whole, and is not kept', async () => {
  const other = await startOther();
  const { layerPath, layer, digest } = offer(other, 'team/app', '1');
  other.answers.set(layerPath, send(Buffer.alloc(layer.length, 'x')));
  const registry = await startCache(other);
  const path = `/v2/hub.test${layerPath.slice('/v2'.length)}`;
  await expect(registry.ask(path)).rejects.toThrow();
  other.answers.set(layerPath, send(layer));
  expect(digestOf((await registry.ask(path)).bytes)).toBe(digestOf(layer));
  other.answers.set(
    `/v2/team/app/manifests/${digest}`,
    send(Buffer.from('{"schemaVersion":2}'), { 'content-type': MANIFEST }),
  );
  expect((await registry.ask(`/v2/hub.test/team/app/manifests/${digest}`)).status).toBe(502);
});

test('a tag is asked for again when its time is over; an upstream that fails does no harm', async () => {
  const other = await startOther();
  const one = offer(other, 'team/app', 'latest');
  const registry = await startCache(other, { upstream: { ttl: '0' } });
  const digest = async () =>
    (await registry.ask('/v2/hub.test/team/app/manifests/latest', { method: 'HEAD' })).headers.get(
      'docker-content-digest',
    );
  expect(await digest()).toBe(one.digest);
  expect(await digest()).toBe(one.digest);
  expect(other.count(/^GET .*manifests\/latest/)).toBe(1);
  const two = offer(other, 'team/app', 'latest');
  expect(await digest()).toBe(two.digest);
  other.answers.set('/v2/team/app/manifests/latest', (_, response) => void response.writeHead(501).end());
  expect(await digest()).toBe(two.digest);
  const asked = other.requests.length;
  expect(await digest()).toBe(two.digest);
  expect(other.requests.length).toBe(asked);
  expect(await registry.figures()).toContain(
    'berth_registry_cache_requests_total{upstream="hub.test",kind="manifest",result="stale"} 1',
  );
});

test('a password that counts no more: clients keep what is here, are told nothing, and the log says why', async () => {
  const other = await startOther();
  const one = offer(other, 'team/app', 'latest');
  const refuse = (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  const credentials = { username: 'alice', password: 'a secret' };
  const registry = await startCache(other, { upstream: { ttl: '0', ...credentials } });
  const ask = (name: string) => registry.ask(`/v2/hub.test/team/${name}/manifests/latest`);
  expect((await ask('app')).bytes.equals(one.manifest)).toBe(true);
  const warnings = () => registry.log.filter((line) => / level=(?:warn|error) /.test(line));
  for (const path of ['/v2/team/app/manifests/latest', '/v2/team/other/manifests/latest'])
    other.answers.set(path, refuse);
  expect((await ask('app')).bytes.equals(one.manifest)).toBe(true);
  expect((await ask('other')).status).toBe(404);
  expect(warnings()).toEqual([
    expect.stringMatching(/an upstream failed; what is here is given.*repository=hub.test\/team\/app /),
    expect.stringMatching(/an upstream refused us, with our name and password.*repository=hub.test\/team\/other /),
  ]);
  expect(registry.log.join('')).not.toContain('a secret');
  // One that is not there at all is no matter for warnings; one that does not answer is said once.
  expect((await ask('none')).status).toBe(404);
  await other.close();
  expect((await ask('gone')).status).toBe(503);
  expect(warnings().slice(2)).toEqual([expect.stringMatching(/an upstream failed.*repository=hub.test\/team\/gone /)]);
});

test('what is not there is asked for once in a while', async () => {
  const other = await startOther();
  const registry = await startCache(other, { upstream: { negativeTtl: '1h' } });
  const absent = `sha256:${'0'.repeat(64)}`;
  for (let n = 0; n < 3; n++) {
    expect((await registry.ask('/v2/hub.test/team/none/manifests/1')).status).toBe(404);
    expect((await registry.ask(`/v2/hub.test/team/none/blobs/${absent}`)).status).toBe(404);
  }
  expect(other.count(/manifests/)).toBe(1);
  expect(other.count(/blobs/)).toBe(1);
});

test('signatures and the like come along', async () => {
  const other = await startOther();
  const image = offer(other, 'team/app', '1');
  const descriptor = {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: digestOf(image.config),
    size: image.config.length,
  };
  const signature = Buffer.from(
    JSON.stringify({
      ...{
        schemaVersion: 2,
        mediaType: MANIFEST,
        artifactType: 'application/x.signature',
        config: descriptor,
        layers: [],
      },
      subject: { mediaType: MANIFEST, digest: image.digest, size: image.manifest.length },
    }),
  );
  const digest = digestOf(signature);
  other.answers.set(`/v2/team/app/manifests/${digest}`, send(signature, { 'content-type': MANIFEST }));
  const entry = { mediaType: MANIFEST, digest, size: signature.length, artifactType: 'application/x.signature' };
  other.answers.set(
    `/v2/team/app/referrers/${image.digest}`,
    send(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] }))),
  );
  const registry = await startCache(other);
  const list = async () =>
    JSON.parse(String((await registry.ask(`/v2/hub.test/team/app/referrers/${image.digest}`)).bytes)) as {
      manifests: object[];
    };
  expect((await list()).manifests).toEqual([entry]);
  await other.close();
  expect((await list()).manifests).toEqual([entry]);
  expect((await registry.ask(`/v2/hub.test/team/app/manifests/${digest}`)).bytes.equals(signature)).toBe(true);
});

test('too many requests: the upstream is left alone for as long as it says', async () => {
  const other = await startOther();
  other.answers.set(
    '/v2/team/app/manifests/1',
    (_, response) => void response.writeHead(429, { 'retry-after': '3600' }).end(),
  );
  const registry = await startCache(other);
  const first = await registry.ask('/v2/hub.test/team/app/manifests/1');
  expect([first.status, Number(first.headers.get('retry-after')) > 0]).toEqual([429, true]);
  const second = await registry.ask('/v2/hub.test/team/other/manifests/1');
  expect(second.status).toBe(429);
  expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(3000);
  expect(other.count(/manifests/)).toBe(1);
});

test('attack 33: credentials of an upstream go to it and to its token service only', async () => {
  const [other, collector] = [await startOther(), await startOther()];
  offer(other, 'team/app', '1');
  const wants = (realm: string) => (_: IncomingMessage, response: ServerResponse) =>
    void response
      .writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="x",scope="repository:team/app:pull"` })
      .end();
  const credentials = { username: 'alice', password: 'a secret' };
  const realms = [
    `${collector.url}/token`,
    `http://localhost:${collector.host.split(':')[1]}/token`,
    `http://alice@${collector.host}/token`,
    `http://[::ffff:127.0.0.1]:${collector.host.split(':')[1]}/token`,
  ];
  for (const realm of realms) {
    other.answers.set('/v2/', wants(realm));
    const registry = await startCache(other, { upstream: credentials });
    const got = await registry.ask('/v2/hub.test/team/app/manifests/1');
    expect([realm, got.status >= 400]).toEqual([realm, true]);
    expect(registry.log.join('')).not.toContain('a secret');
  }
  expect(collector.requests).toEqual([]);
  // A redirect of a blob to another host is followed, without anything secret.
  other.answers.set('/v2/', (request, response) =>
    request.headers.authorization === undefined
      ? void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      : void response.end('{}'),
  );
  const { layer, layerPath } = offer(other, 'team/app', '1');
  other.answers.set(
    layerPath,
    (_, response) => void response.writeHead(307, { location: `${collector.url}/stored` }).end(),
  );
  collector.answers.set('/stored', send(layer));
  const registry = await startCache(other, { upstream: credentials });
  expect(digestOf((await registry.ask(`/v2/hub.test/team/app/blobs/${digestOf(layer)}`)).bytes)).toBe(digestOf(layer));
  expect(collector.requests.length).toBeGreaterThan(0);
  expect(collector.requests.map(({ authorization }) => authorization).filter((value) => value !== undefined)).toEqual(
    [],
  );
  expect(other.requests.some(({ authorization }) => authorization?.startsWith('Basic '))).toBe(true);
  // The legitimate neighbour: a token service that was named in the settings is sent them.
  other.answers.set('/v2/', wants(`${collector.url}/token`));
  collector.answers.set('/token', (_, response) => void response.end(JSON.stringify({ token: 'abc' })));
  const trusting = await startCache(other, { upstream: { ...credentials, tokenHosts: [collector.host] } });
  expect((await trusting.ask('/v2/hub.test/team/app/manifests/1')).status).toBe(200);
  expect(collector.requests.at(-1)!.authorization).toMatch(/^Basic /);
});

test('settings that cannot be meant', async () => {
  const other = await startOther();
  const wrong = (upstream: object) => expect(startCache(other, { upstream })).rejects;
  await wrong({ url: 'http://registry.example' }).toThrow(/plain HTTP on another machine/);
  await wrong({ prefix: 'Hub' }).toThrow(/prefix/);
  await wrong({ username: 'x' }).toThrow(/a username goes with/);
  await wrong({ username: 'x', passwordFile: '/none' }).toThrow(/cannot be read/);
  await wrong({ url: 'https://x/path' }).toThrow(/upstreams\[0\].url/);
  await expect(startCache(other, { config: { upstreams: [{ url: other.url }, { url: other.url }] } })).rejects.toThrow(
    /two upstreams/,
  );
});
