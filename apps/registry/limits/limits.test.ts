import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { afterEach, expect, test } from 'vitest';
import { readConfig } from '../settings/config.ts';
import { startRegistry } from '../start.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const digestOf = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function start(config: object, root = mkdtempSync(join(tmpdir(), 'berth-limits-'))) {
  const document = { root, listen: '127.0.0.1:0', gc: { grace: '0' }, uploads: { expire: '0' }, ...config };
  const running = await startRegistry(
    readConfig(document, ''),
    createLogger('error', 'text', () => undefined),
  );
  let stopped = false;
  const stop = async () => {
    if (!stopped) await running.stop();
    stopped = true;
  };
  undo.push(() => rmSync(root, { recursive: true, force: true }), stop);
  const ask = async (method: string, path: string, body?: Buffer, headers: Record<string, string> = {}) => {
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    const response = await fetch(`http://${running.address}${path}`, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, code: /"code":"(\w+)"/.exec(text)?.[1], text };
  };
  const push = (repository: string, blob: Buffer) =>
    ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(blob)}`, blob);
  return { ...running, ask, push, stop, root };
}

const quotas = [{ repositories: ['team/**'], bytes: 10_000 }];

test('a quota: refused when it would be too much, by length and by what comes; others are not concerned', async () => {
  const registry = await start({ quotas });
  expect((await registry.push('team/a', randomBytes(6_000))).status).toBe(201);
  const refused = await registry.push('team/b', randomBytes(6_000));
  expect([refused.status, refused.code]).toEqual([403, 'DENIED']);
  expect(refused.text).toContain('quota exceeded');
  expect((await registry.push('other/b', randomBytes(60_000))).status).toBe(201);
  expect((await registry.push('team/b', randomBytes(4_000))).status).toBe(201);
  expect((await registry.push('team/b', randomBytes(1))).status).toBe(403);
  // Without a length, in chunks: what is over is not taken.
  const begun = await registry.ask('POST', '/v2/team/c/blobs/uploads/');
  const location = begun.headers.get('location')!;
  expect(await chunked(registry.address, location, 1_000)).toBe(403);
});

function chunked(address: string, path: string, bytes: number): Promise<number> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const sent = request(
      { host, port, path, method: 'PATCH', headers: { 'transfer-encoding': 'chunked' } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.write(randomBytes(bytes));
    sent.end();
  });
}

test('the same blob again costs nothing, in another repository it counts again, mounts and manifests count', async () => {
  const registry = await start({ quotas });
  const blob = randomBytes(4_000);
  for (let n = 0; n < 3; n++) expect((await registry.push('team/a', blob)).status).toBe(201);
  const mount = (to: string) => registry.ask('POST', `/v2/${to}/blobs/uploads/?mount=${digestOf(blob)}&from=team/a`);
  expect((await mount('team/b')).status).toBe(201);
  expect((await mount('team/c')).status).toBe(403);
  // Nor from anywhere.
  const mountFromAny = (to: string) => registry.ask('POST', `/v2/${to}/blobs/uploads/?mount=${digestOf(blob)}`);
  expect((await mountFromAny('team/c')).status).toBe(403);
  expect((await registry.ask('HEAD', `/v2/team/c/blobs/${digestOf(blob)}`)).status).toBe(404);
  for (const to of ['team/b', 'other/c']) expect((await mountFromAny(to)).status).toBe(201);
  const manifest = Buffer.from(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: MANIFEST, layers: [] },
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(blob), size: blob.length },
      annotations: { filler: 'x'.repeat(1_500) },
    }),
  );
  const put = (tag: string, bytes = manifest) =>
    registry.ask('PUT', `/v2/team/a/manifests/${tag}`, bytes, { 'content-type': MANIFEST });
  expect((await put('1')).status).toBe(201);
  expect((await put('2')).status).toBe(403);
  expect((await registry.push('team/a', randomBytes(200))).status).toBe(201);
});

test('many mounts at once never get more than there is; what nobody lends is uploaded', async () => {
  const registry = await start({ quotas });
  const blob = randomBytes(3_000);
  expect((await registry.push('other/a', blob)).status).toBe(201);
  const mount = (to: string, digest = digestOf(blob)) =>
    registry.ask('POST', `/v2/${to}/blobs/uploads/?mount=${digest}`).then(({ status }) => status);
  const counts = await Promise.all(Array.from({ length: 20 }, (_, n) => mount(`team/r${n}`)));
  expect(counts.filter((status) => status === 201).length).toBe(3);
  expect(counts.filter((status) => status === 403).length).toBe(17);
  expect(await mount('team/r', digestOf('nobody has it'))).toBe(202);
});

test('many at once never get more than there is', async () => {
  const registry = await start({ quotas });
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) => registry.push(`team/r${n}`, randomBytes(1_000))),
  );
  const counts = answers.map(({ status }) => status);
  expect(counts.filter((status) => status === 201).length).toBeLessThanOrEqual(10);
  expect(counts.every((status) => status === 201 || status === 403)).toBe(true);
  // Those who were too early may have been refused for bytes of others that were refused too: there is room to the last byte.
  let more = 0;
  while ((await registry.push(`team/last${more}`, randomBytes(1_000))).status === 201) more++;
  expect(counts.filter((status) => status === 201).length + more).toBe(10);
});

test('what is removed gives room: deletion and collection, given-up and wrong uploads; counts outlive a restart', async () => {
  const first = await start({ quotas });
  const blob = randomBytes(9_000);
  expect((await first.push('team/a', blob)).status).toBe(201);
  await first.stop();
  const registry = await start({ quotas }, first.root);
  expect((await registry.push('team/b', randomBytes(2_000))).status).toBe(403);
  expect((await registry.ask('DELETE', `/v2/team/a/blobs/${digestOf(blob)}`)).status).toBe(202);
  expect((await registry.push('team/b', randomBytes(2_000))).status).toBe(201);
  // Nothing points at it: the collection takes it.
  expect((await registry.push('team/b', randomBytes(8_001))).status).toBe(403);
  await registry.registry.collect({ dryRun: false });
  expect((await registry.push('team/b', randomBytes(8_001))).status).toBe(201);
  await registry.registry.collect({ dryRun: false });
  const begin = async () => (await registry.ask('POST', '/v2/team/b/blobs/uploads/')).headers.get('location')!;
  const cancelled = await begin();
  expect((await registry.ask('PATCH', cancelled, randomBytes(9_000))).status).toBe(202);
  expect((await registry.push('team/b', randomBytes(2_000))).status).toBe(403);
  expect((await registry.ask('DELETE', cancelled)).status).toBe(204);
  const wrong = await begin();
  expect((await registry.ask('PUT', `${wrong}?digest=${digestOf('x')}`, randomBytes(9_000))).status).toBe(400);
  const forgotten = await begin();
  expect((await registry.ask('PATCH', forgotten, randomBytes(9_000))).status).toBe(202);
  expect((await registry.push('team/b', randomBytes(2_000))).status).toBe(403);
  await expect
    .poll(async () => {
      await registry.registry.collect({ dryRun: false });
      return (await registry.push('team/b', randomBytes(2_000))).status;
    })
    .toBe(201);
});

test('an upload that was ended wrongly goes on counting as long as its bytes are here', async () => {
  const registry = await start({ quotas });
  const location = (await registry.ask('POST', '/v2/team/a/blobs/uploads/')).headers.get('location')!;
  expect((await registry.ask('PATCH', location, randomBytes(10_000))).status).toBe(202);
  for (const query of ['', '?digest=', '?digest=silly', '?digest=md5:00', `?digest=sha256:${'g'.repeat(64)}`]) {
    const ended = await registry.ask('PUT', location + query);
    expect([query, ended.status, ended.code]).toEqual([query, 400, 'DIGEST_INVALID']);
    expect([query, (await registry.push('team/b', randomBytes(1))).status]).toEqual([query, 403]);
    expect([query, (await registry.ask('PATCH', location, randomBytes(1))).status]).toEqual([query, 403]);
  }
  expect((await registry.ask('GET', location)).headers.get('range')).toBe('0-9999');
  // A digest that is one, but not of these bytes, ends it.
  expect((await registry.ask('PUT', `${location}?digest=${digestOf('x')}`)).status).toBe(400);
  expect((await registry.push('team/b', randomBytes(10_000))).status).toBe(201);
});

function beginRaw(address: string, path: string): Promise<Socket> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => {
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc`, () => resolve(socket));
    }).on('error', reject);
    undo.push(() => void socket.destroy());
  });
}

test('so many uploads at a time; more wait, and then get 429', async () => {
  const registry = await start({ limits: { uploads: 2, uploadWait: '300ms' } });
  const path = `/v2/a/blobs/uploads/?digest=${digestOf('x')}`;
  const holding = [await beginRaw(registry.address, path), await beginRaw(registry.address, path)];
  await expect.poll(async () => (await registry.push('a', Buffer.from('y'))).status, { timeout: 5_000 }).toBe(429);
  const refused = await registry.push('a', Buffer.from('y'));
  expect([refused.code, refused.headers.get('retry-after')]).toEqual(['TOOMANYREQUESTS', '1']);
  expect((await registry.ask('GET', '/v2/')).status).toBe(200);
  const waiting = registry.push('a', Buffer.from('z'));
  holding[0]!.destroy();
  expect((await waiting).status).toBe(201);
});
