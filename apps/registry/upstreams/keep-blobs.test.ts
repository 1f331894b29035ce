import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { createTransport } from '@berth/oci';
import { afterEach, expect, test } from 'vitest';
import { digestOf, offer, send, startCache, startOther } from '../../../tests/support/upstreams.ts';
import { openStore } from '../content/store.ts';
import { type ContentDigest, readDigest } from '../digest.ts';
import { openDisk } from '../storage/disk.ts';
import { openUpstream, type Upstream } from './ask-upstream.ts';
import { keepBlobs } from './keep-blobs.ts';
import { openMarks } from './marks.ts';
import { checkUpstreams } from './settings.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step();
});

/** A keeper of blobs over a disk, and the room that is taken. */
function open(url: string) {
  const root = mkdtempSync(join(tmpdir(), 'berth-keep-blobs-'));
  undo.push(() => rmSync(root, { recursive: true, force: true }));
  const driver = openDisk(root);
  const store = openStore(driver, 1000);
  const transport = createTransport({ userAgent: 'test' });
  undo.push(() => transport.close());
  const upstreamAt = (at: string) => {
    const settings = { prefix: 'hub.test', url: at, ttl: 1000, negativeTtl: 0, tokenHosts: [], insecure: false };
    return openUpstream(checkUpstreams([settings])[0]!, transport, new AbortController().signal);
  };
  const upstream = upstreamAt(url);
  let taken = 0;
  const blobs = keepBlobs({
    ...{ store, marks: openMarks(store), blobLimit: 1e9 },
    log: createLogger('error', 'text', () => undefined),
    metrics: { cache: () => undefined, fetched: () => undefined },
    room: {
      take: async (_, bytes) => {
        taken += bytes;
        let over = false;
        const release = () => {
          if (!over) taken -= bytes;
          over = true;
        };
        return { hold: async () => undefined, release };
      },
    },
  });
  const fetch = async (digest: ContentDigest, asked: Upstream = upstream) => {
    const place = { repository: 'hub.test/team/app', upstream: asked, remote: 'team/app' };
    const shared = await blobs.fetch(place, digest);
    const chunks: Uint8Array[] = [];
    if (shared) for await (const chunk of shared.read({ start: 0, end: shared.size - 1 })) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  return { fetch, root, driver, upstream, upstreamAt, blobs, taken: () => taken };
}

test('a disk on which nothing can be begun does not use up the places of an upstream', async () => {
  const other = await startOther();
  const { layer } = offer(other, 'team/app', '1');
  const keeper = open(other.url);
  const digest = readDigest(digestOf(layer));
  const staged = join(keeper.root, 'staged');
  rmSync(staged, { recursive: true });
  writeFileSync(staged, 'no folder');
  for (let n = 0; n < 20; n++) await expect(keeper.fetch(digest)).rejects.toMatchObject({ code: 'ENOTDIR' });
  rmSync(staged);
  mkdirSync(staged);
  expect(keeper.taken()).toBe(0);
  expect((await keeper.fetch(digest)).equals(layer)).toBe(true);
  await keeper.blobs.settled();
  expect(keeper.taken()).toBe(0);
});

test('whoever waits for a blob is told when no conversation comes about, and nothing stays behind', async () => {
  const other = await startOther();
  const { layer } = offer(other, 'team/app', '1');
  const keeper = open(other.url);
  const digest = readDigest(digestOf(layer));
  let asked = 0;
  // A conversation is begun anew each hour: here it is over when the size has been told.
  const failing: Upstream = {
    ...keeper.upstream,
    ask: async (work) => {
      if (++asked > 1) throw new Error('nobody answers');
      return keeper.upstream.ask(work);
    },
  };
  await expect(keeper.fetch(digest, failing)).rejects.toThrow('nobody answers');
  await keeper.blobs.settled();
  for await (const stage of keeper.driver.stages()) expect(stage).toBeUndefined();
  expect(keeper.taken()).toBe(0);
  expect((await keeper.fetch(digest)).equals(layer)).toBe(true);
});

test('an upstream that is gone when it has told the size of a blob: whoever waits is told, and nothing stays behind', async () => {
  const [other, dying] = [await startOther(), await startOther()];
  const { layer } = offer(other, 'team/app', '1');
  const { layerPath } = offer(dying, 'team/app', '1', layer);
  const answer = dying.answers.get(layerPath)!;
  dying.answers.set(layerPath, (request, response) => {
    response.once('finish', () => void dying.close());
    answer(request, response);
  });
  const keeper = open(other.url);
  const digest = readDigest(digestOf(layer));
  await expect(keeper.fetch(digest, keeper.upstreamAt(dying.url))).rejects.toThrow(/connection refused|reset|closed/);
  expect(dying.requests.map(({ line }) => line)).toContain(`HEAD ${layerPath}`);
  await keeper.blobs.settled();
  for await (const stage of keeper.driver.stages()) expect(stage).toBeUndefined();
  expect(keeper.taken()).toBe(0);
  expect((await keeper.fetch(digest)).equals(layer)).toBe(true);
});

test('bytes that only a repository of ours has are not given on the word of an upstream', async () => {
  const other = await startOther();
  const registry = await startCache(other);
  const secret = Buffer.from('the layer of a private image');
  const digest = digestOf(secret);
  const pushed = await registry.ask(`/v2/private/app/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: secret,
  });
  expect(pushed.status).toBe(201);
  other.answers.set(`/v2/team/app/blobs/${digest}`, (request, response) => {
    response.writeHead(200, { 'content-length': secret.length });
    response.end(request.method === 'HEAD' ? undefined : Buffer.alloc(secret.length, 'x'));
  });
  const path = `/v2/hub.test/team/app/blobs/${digest}`;
  for (let n = 0; n < 2; n++) {
    const got = await registry.ask(path).catch(() => undefined);
    expect(got?.bytes.includes('private') ?? false).toBe(false);
    expect(got?.status).not.toBe(200);
  }
  // The legitimate neighbour: an upstream that has them sends them; then they are its own, in its other repositories too.
  other.answers.set(`/v2/team/app/blobs/${digest}`, send(secret));
  expect((await registry.ask(path)).bytes.equals(secret)).toBe(true);
  const before = other.count(/GET .*blobs/);
  other.answers.set(`/v2/team/second/blobs/${digest}`, send(secret));
  expect((await registry.ask(`/v2/hub.test/team/second/blobs/${digest}`)).bytes.equals(secret)).toBe(true);
  expect(other.count(/GET .*blobs/)).toBe(before);
});

test('what one upstream sent is not given on the word of another', async () => {
  const [honest, liar] = [await startOther(), await startOther()];
  const { layer, layerPath } = offer(honest, 'team/app', '1', Buffer.from('of the honest upstream'));
  const config = { upstreams: [honest, liar].map(({ url }, n) => ({ prefix: `hub${n}.test`, url })) };
  const registry = await startCache(honest, { config });
  expect((await registry.ask(`/v2/hub0.test${layerPath.slice('/v2'.length)}`)).bytes.equals(layer)).toBe(true);
  liar.answers.set(layerPath, send(Buffer.alloc(layer.length)));
  await expect(registry.ask(`/v2/hub1.test${layerPath.slice('/v2'.length)}`)).rejects.toThrow();
});

test('the longest blob and quotas hold for what is fetched', async () => {
  const other = await startOther();
  const [long, first, second] = [30_000, 12_000, 12_000].map((bytes, n) =>
    offer(other, `team/app${n}`, '1', Buffer.alloc(bytes, `${n}`)),
  );
  const registry = await startCache(other, {
    config: { limits: { blob: 20_000 }, quotas: [{ repositories: ['hub.test/**'], bytes: 20_000 }] },
  });
  const get = (path: string, method = 'GET') =>
    registry.ask(`/v2/hub.test${path.slice('/v2'.length)}`, { method }).then(({ status, bytes }) => ({
      status,
      length: bytes.length,
      code: /"code":"(\w+)"/.exec(String(bytes))?.[1],
      text: String(bytes.subarray(0, 1000)),
    }));
  expect(await get(long!.layerPath)).toMatchObject({
    ...{ status: 403, code: 'DENIED' },
    text: expect.stringContaining('has 30000 bytes; one may have 20000 here'),
  });
  expect(other.count(/GET .*blobs/)).toBe(0);
  expect(await get(first!.layerPath)).toMatchObject({ status: 200, length: 12_000 });
  expect(await get(second!.layerPath)).toMatchObject({
    ...{ status: 403, code: 'DENIED' },
    text: expect.stringContaining('quota exceeded'),
  });
  expect(other.count(/GET .*blobs/)).toBe(1);
  // What is here is given; manifests count as well.
  expect(await get(first!.layerPath)).toMatchObject({ status: 200, length: 12_000 });
  expect((await get('/v2/team/app1/manifests/1')).status).toBe(200);
  const filler = Buffer.alloc(20_000 - 12_000 - first!.manifest.length - 10);
  const push = (bytes: Buffer) =>
    registry.ask(`/v2/hub.test/mine/blobs/uploads/?digest=${digestOf(bytes)}`, { method: 'POST', body: bytes });
  expect((await push(filler)).status).toBe(201);
  expect(await get('/v2/team/app2/manifests/1')).toMatchObject({ status: 403, code: 'DENIED' });
  expect((await push(Buffer.alloc(11, 'y'))).status).toBe(403);
  expect((await push(Buffer.alloc(10, 'z'))).status).toBe(201);
  expect((await get('/v2/team/app1/manifests/1')).status).toBe(200);
});

test('an empty blob of an upstream is there at once', async () => {
  const other = await startOther();
  const { layerPath } = offer(other, 'team/app', '1', Buffer.alloc(0));
  const registry = await startCache(other);
  const path = `/v2/hub.test${layerPath.slice('/v2'.length)}`;
  for (const { status, bytes } of await Promise.all([registry.ask(path), registry.ask(path)]))
    expect([status, bytes.length]).toEqual([200, 0]);
  // One that is said to be empty and is not what its digest says is none.
  const lie = `/v2/team/app/blobs/${digestOf('not empty')}`;
  other.answers.set(lie, send(Buffer.alloc(0)));
  expect((await registry.ask(`/v2/hub.test${lie.slice('/v2'.length)}`)).status).toBe(502);
});
