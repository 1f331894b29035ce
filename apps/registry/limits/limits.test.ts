import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
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

async function start(
  config: object,
  { root = mkdtempSync(join(tmpdir(), 'berth-limits-')), ...timing }: { root?: string; paceWindow?: number } = {},
) {
  const log: string[] = [];
  const document = { root, listen: '127.0.0.1:0', gc: { grace: '0' }, uploads: { expire: '0' }, ...config };
  const running = await startRegistry(
    readConfig(document, ''),
    createLogger('warn', 'text', (line) => log.push(line)),
    timing,
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
  return { ...running, ask, push, stop, root, log };
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
  const registry = await start({ quotas }, { root: first.root });
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

/** A connection of its own, on which a request without its body is sent. */
async function begin(address: string, method: string, path: string, length: number): Promise<Socket> {
  const [host = '', port] = address.split(':');
  const socket = connect(Number(port), host);
  undo.push(() => void socket.destroy());
  await once(socket, 'connect');
  socket.on('error', () => undefined); // it may be cut off
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
  return socket;
}

/** Takes a place for uploads until its connection ends. */
async function hold(address: string): Promise<Socket> {
  const socket = await begin(address, 'POST', `/v2/a/blobs/uploads/?digest=${digestOf('x')}`, 1000);
  socket.write('abc');
  return socket;
}

test('so many uploads at a time; more wait for as long as is said, and then get 429', async () => {
  const registry = await start({ limits: { uploads: 2, uploadWait: '1500ms' } });
  for (let n = 0; n < 2; n++) await hold(registry.address);
  const push = () => registry.push('a', Buffer.from('y'));
  await expect.poll(async () => (await push()).status, { timeout: 30_000 }).toBe(429);
  const before = performance.now();
  const refused = await push();
  expect(performance.now() - before).toBeGreaterThan(1_400);
  expect([refused.code, refused.headers.get('retry-after')]).toEqual(['TOOMANYREQUESTS', '2']);
  expect((await registry.ask('GET', '/v2/')).status).toBe(200);
});

test('who waits for a place gets the next one that is free; who would be one too many waits for none', async () => {
  const registry = await start({ limits: { uploads: 1, uploadWait: '10m' } });
  const holding = await hold(registry.address);
  const answers: (number | 'free')[] = [];
  const pushes: Promise<void>[] = [];
  const push = async (text: string) => void answers.push((await registry.push('a', Buffer.from(text))).status);
  // One waits, whichever comes first; further ones are refused at once.
  const tried = () => {
    pushes.push(push(`${pushes.length}`));
    return answers;
  };
  await expect.poll(tried, { timeout: 30_000 }).toContain(429);
  answers.push('free');
  holding.destroy();
  await Promise.all(pushes);
  const last = answers.slice(answers.indexOf('free') + 1).filter((status) => status !== 429);
  expect(last).toEqual([201]);
});

/** Sends what there is in pieces, one each 50 milliseconds. */
async function trickle(socket: Socket, bytes: Buffer, piece: number): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.closed; at += piece) {
    socket.write(bytes.subarray(at, at + piece));
    await new Promise((next) => setTimeout(next, 50));
  }
}

test('a pace: who drips a layer is cut off, and may go on with what came; a slow one is not', async () => {
  const registry = await start({ limits: { pace: '1k' } }, { paceWindow: 1_000 });
  const layer = randomBytes(100_000);
  const location = (await registry.ask('POST', '/v2/a/blobs/uploads/')).headers.get('location')!;
  const dripping = await begin(registry.address, 'PATCH', location, layer.length);
  const slow = await begin(registry.address, 'POST', `/v2/b/blobs/uploads/?digest=${digestOf(layer)}`, layer.length);
  const answer = once(slow, 'data');
  // 20 bytes a second, and 40 000.
  await Promise.all([trickle(dripping, layer, 1), trickle(slow, layer, 2_000)]);
  expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 201 /);
  expect(dripping.closed).toBe(true);
  expect(registry.log).toEqual([expect.stringContaining('a client was too slow and was cut off')]);
  const came = Number(/^0-(\d+)$/.exec((await registry.ask('GET', location)).headers.get('range') ?? '')?.[1]) + 1;
  expect(came).toBeGreaterThan(0);
  const end = await registry.ask('PUT', `${location}?digest=${digestOf(layer)}`, layer.subarray(came));
  expect(end.status).toBe(201);
});

test('a pace: who takes nothing of a layer is cut off, who takes it slowly is not', async () => {
  const registry = await start({ limits: { pace: '1k' } }, { paceWindow: 1_000 });
  const layer = randomBytes(16 << 20);
  expect((await registry.push('a', layer)).status).toBe(201);
  const path = `/v2/a/blobs/${digestOf(layer)}`;
  const deaf = (await begin(registry.address, 'GET', path, 0)).pause();
  const slow = await begin(registry.address, 'GET', path, 0);
  let taken = 0;
  slow.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    slow.pause();
    setTimeout(() => slow.resume(), 10);
  });
  await expect.poll(() => registry.log.length, { timeout: 30_000 }).toBe(1);
  await expect.poll(() => taken, { timeout: 60_000 }).toBeGreaterThan(layer.length);
  expect(registry.log).toEqual([expect.stringContaining('a client was too slow and was cut off')]);
  deaf.destroy();
});
