import { randomBytes, randomInt } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, fail, startFakeRegistry } from '../../../tests/support/registry-fake.ts';
import { digestOf } from '../digest.ts';
import { readBlob } from './blobs.ts';
import type { Wait } from './retry.ts';
import { createSession } from './session.ts';
import { createTransport, type Transport } from './transport.ts';

let registry: FakeRegistry;
let transport: Transport;
let waits: Wait[];
beforeEach(async () => {
  waits = [];
  registry = await startFakeRegistry();
  transport = createTransport({ env: {} });
});
afterEach(async () => {
  transport.close();
  await registry.close();
});

const session = (signal?: AbortSignal) =>
  createSession({
    domain: registry.domain,
    transport,
    onWait: (wait) => waits.push(wait),
    ...(signal === undefined ? {} : { signal }),
  });

async function read(blob: { digest: `sha256:${string}`; size: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of readBlob(session(), 'a/b', blob)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Breaks the connection of the first answers after so many bytes of the body. */
function cutAt(points: number[], { ranges = true } = {}) {
  registry.intercept = (request, response) => {
    if (!/\/blobs\//.test(request.url ?? '')) return false;
    if (!ranges) delete request.headers.range;
    const point = points.shift();
    if (point === undefined) return false;
    const bytes = registry.blobs.get((request.url ?? '').split('/').at(-1)!)!;
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers = { 'content-length': bytes.byteLength - from };
    if (from > 0) response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${bytes.byteLength - 1}/*` });
    else response.writeHead(200, headers);
    response.write(bytes.subarray(from, from + point), () => response.destroy());
    return true;
  };
}

describe('readBlob', () => {
  it('gives the bytes, also none', async () => {
    expect((await read(registry.addBlob('hello'))).toString()).toBe('hello');
    expect(await read(registry.addBlob(''))).toHaveLength(0);
  });

  it('goes on where the connection broke, at random points', async () => {
    const bytes = randomBytes(3_000_000);
    const blob = registry.addBlob(bytes);
    cutAt([randomInt(1, 900_000), 0, randomInt(1, 900_000), randomInt(1, 900_000), 1]);
    expect((await read(blob)).equals(bytes)).toBe(true);
    const ranges = registry.seen.filter(({ url }) => url.includes('/blobs/')).map(({ headers }) => headers.range);
    expect(ranges).toHaveLength(6);
    expect(ranges.filter((range) => range === undefined).length).toBeLessThan(3);
  });

  it('goes on with a server that knows no ranges', async () => {
    const bytes = randomBytes(1_000_000);
    const blob = registry.addBlob(bytes);
    cutAt([randomInt(70_000, 900_000), randomInt(70_000, 900_000)], { ranges: false });
    expect((await read(blob)).equals(bytes)).toBe(true);
  });

  it('gives up when nothing comes, naming the registry', async () => {
    const blob = registry.addBlob(randomBytes(100_000));
    cutAt([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    await expect(read(blob)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(registry.domain),
    });
  });

  it('refuses content with another digest', async () => {
    const blob = registry.addBlob('right');
    registry.blobs.set(blob.digest, Buffer.from('wrong'));
    await expect(read(blob)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('filesystem layer verification failed for digest sha256:'),
    });
  });

  it('refuses content of another length, announced or not', async () => {
    const blob = registry.addBlob('12345');
    await expect(read({ ...blob, size: 4 })).rejects.toThrow(/has 5 bytes, 4 were announced/);
    registry.intercept = (request, response) => {
      if (!/\/blobs\//.test(request.url ?? '')) return false;
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      const more = () => response.destroyed || response.write('x'.repeat(10_000), () => setImmediate(more));
      more();
      return true;
    };
    await expect(read(blob)).rejects.toThrow(/longer than the 5 bytes announced/);
  });

  it.each([
    ['the range of another place', 206, { 'content-range': 'bytes 150000-199999/200000' }],
    ['a range that cannot be read', 206, { 'content-range': 'some bytes' }],
    ['no range at all', 206, {}],
    ['a refusal of the range', 416, { 'content-range': 'bytes */200000' }],
  ])('takes the whole from a server that answers with %s', async (_what, status, headers) => {
    const bytes = randomBytes(200_000);
    const blob = registry.addBlob(bytes);
    cutAt([100_000]);
    const cut = registry.intercept!;
    let asked = 0;
    registry.intercept = (request, response, seen) => {
      if (request.headers.range === undefined) {
        if (asked > 0) return false;
        return cut(request, response, seen);
      }
      asked++;
      response.writeHead(status, headers);
      response.end(bytes.subarray(0, 100));
      return true;
    };
    expect((await read(blob)).equals(bytes)).toBe(true);
    expect(asked).toBe(1);
  });

  it('uses a range that begins earlier than it asked for', async () => {
    const bytes = randomBytes(200_000);
    const blob = registry.addBlob(bytes);
    cutAt([100_000]);
    const cut = registry.intercept!;
    registry.intercept = (request, response, seen) => {
      if (request.headers.range === undefined) return cut(request, response, seen);
      response.writeHead(206, { 'content-range': `bytes 50-199999/200000` });
      response.end(bytes.subarray(50));
      return true;
    };
    expect((await read(blob)).equals(bytes)).toBe(true);
  });

  it('refuses a blob that became another while it was read', async () => {
    const blob = registry.addBlob(randomBytes(200_000));
    cutAt([100_000]);
    const cut = registry.intercept!;
    registry.intercept = (request, response, seen) => {
      if (request.headers.range === undefined) return cut(request, response, seen);
      response.writeHead(206, { 'content-range': `bytes 100000-299999/300000` });
      response.end(randomBytes(200_000));
      return true;
    };
    await expect(read(blob)).rejects.toThrow(/the registry has 300000 bytes, 200000 were announced/);
  });

  it('waits as long as a 429 asks, and not longer than it is willing to', async () => {
    const blob = registry.addBlob('patience');
    let refusals = 2;
    registry.intercept = (request, response) => {
      if (!/\/blobs\//.test(request.url ?? '') || refusals-- <= 0) return false;
      fail(response, 429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': refusals === 1 ? '1' : '0' });
      return true;
    };
    const started = Date.now();
    expect((await read(blob)).toString()).toBe('patience');
    expect(Date.now() - started).toBeGreaterThanOrEqual(990);
    const at = `/v2/a/b/blobs/${blob.digest}`;
    expect(waits).toMatchObject([
      { at, milliseconds: 1000, reason: '429 Too Many Requests' },
      { at, milliseconds: 0, reason: '429 Too Many Requests' },
    ]);
    registry.intercept = (request, response) => {
      if (!/\/blobs\//.test(request.url ?? '')) return false;
      fail(response, 429, 'TOOMANYREQUESTS', 'You have reached your pull rate limit.', { 'retry-after': '3600' });
      return true;
    };
    await expect(read(blob)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'toomanyrequests: You have reached your pull rate limit.',
    });
  });

  it('asks again after 5xx and gives the registry’s words in the end', async () => {
    const blob = registry.addBlob('again');
    let refusals = 2;
    registry.intercept = (request, response) => {
      if (!/\/blobs\//.test(request.url ?? '') || refusals-- <= 0) return false;
      response.writeHead(503).end('<html>');
      return true;
    };
    expect((await read(blob)).toString()).toBe('again');
    registry.intercept = (_request, response) => {
      response.writeHead(502).end('<html>');
      return true;
    };
    await expect(read(blob)).rejects.toThrow('received unexpected HTTP status: 502 Bad Gateway');
  });

  it('stops when it is told to', async () => {
    const abort = new AbortController();
    const blob = registry.addBlob(randomBytes(2_000_000));
    const reading = (async () => {
      for await (const _ of readBlob(session(abort.signal), 'a/b', blob)) abort.abort();
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('names what is not there', async () => {
    const missing = { digest: digestOf('nothing'), size: 7 };
    await expect(read(missing)).rejects.toMatchObject({
      code: 'not-found',
      message: 'blob unknown: blob unknown to registry',
    });
  });
});
