import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, fail, startFakeRegistry } from '../../../tests/support/registry-fake.ts';
import { digestOf } from '../digest.ts';
import { createSession } from './session.ts';
import { createTransport, type Transport } from './transport.ts';
import { uploadBlob } from './uploads.ts';

let registry: FakeRegistry;
let transport: Transport;
beforeEach(async () => {
  registry = await startFakeRegistry();
  transport = createTransport({ env: {} });
});
afterEach(async () => {
  transport.close();
  await registry.close();
});

const session = () => createSession({ domain: registry.domain, transport });

describe('uploads', () => {
  const content = Buffer.from('x'.repeat(300_000));
  const upload = (mountFrom: string[] = []) => ({
    digest: digestOf(content),
    size: content.byteLength,
    open: () => Readable.from([content]),
    mountFrom,
  });

  it('send what is not there, and only that', async () => {
    expect(await uploadBlob(session(), 'a/b', upload())).toEqual({ kind: 'uploaded' });
    expect(registry.blobs.get(digestOf(content))?.equals(content)).toBe(true);
    expect(await uploadBlob(session(), 'a/b', upload())).toEqual({ kind: 'exists' });
    expect(registry.seen.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });

  it('mount from the first repository that lends it', async () => {
    registry.intercept = (request, response) => {
      if (request.method === 'HEAD') return response.writeHead(404).end() !== undefined;
      if (!request.url?.includes('from=c%2Fd')) return false;
      response.writeHead(201).end();
      return true;
    };
    expect(await uploadBlob(session(), 'a/b', upload(['a/b', 'x/y', 'c/d']))).toEqual({
      kind: 'mounted',
      from: 'c/d',
    });
    expect(registry.seen.filter(({ method }) => method === 'POST').map(({ url }) => url)).toEqual([
      `/v2/a/b/blobs/uploads/?mount=${encodeURIComponent(digestOf(content))}&from=x%2Fy`,
      `/v2/a/b/blobs/uploads/?mount=${encodeURIComponent(digestOf(content))}&from=c%2Fd`,
    ]);
  });

  it('send what may not be mounted', async () => {
    registry.intercept = (request, response) => {
      if (!request.url?.includes('mount=')) return false;
      fail(response, 403, 'DENIED', 'requested access to the resource is denied');
      return true;
    };
    expect(await uploadBlob(session(), 'a/b', upload(['not/mine']))).toEqual({ kind: 'uploaded' });
  });

  it('begin again when the connection breaks', async () => {
    let cuts = 2;
    registry.intercept = (request, _response) => {
      if (request.method !== 'PATCH' || cuts-- <= 0) return false;
      request.once('data', () => request.destroy());
      return true;
    };
    expect(await uploadBlob(session(), 'a/b', upload())).toEqual({ kind: 'uploaded' });
    expect(registry.seen.filter(({ method }) => method === 'POST')).toHaveLength(3);
  });

  it('end with the registry’s words when they are refused', async () => {
    registry.intercept = (request, response) => {
      if (request.method !== 'POST') return false;
      fail(response, 403, 'DENIED', 'requested access to the resource is denied');
      return true;
    };
    await expect(uploadBlob(session(), 'a/b', upload())).rejects.toMatchObject({
      code: 'forbidden',
      message: 'denied: requested access to the resource is denied',
    });
  });
});
