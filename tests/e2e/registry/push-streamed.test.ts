import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { parseReference } from '@berth/oci';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, fail, startFakeRegistry } from '../../support/registry-fake.ts';
import { type MadeImage, makeImage, publish } from '../../support/registry-images.ts';
import { type OpenStore, openStore, statesOf } from './open-store.ts';

let source: FakeRegistry;
let registry: FakeRegistry;
let store: OpenStore;
let image: MadeImage;
beforeEach(async () => {
  [source, registry, store] = [await startFakeRegistry(), await startFakeRegistry(), await openStore()];
  image = makeImage({
    layers: [[{ path: 'large', content: Buffer.concat([randomBytes(1_500_000), Buffer.alloc(1_500_000, 'text ')]) }]],
    compression: 'none',
  });
  publish(source, 'thing', 'v1', image);
  await store.pull(`${source.domain}/thing:v1`);
  store.images.tag(`${source.domain}/thing:v1`, parseReference(`${registry.domain}/thing:v1`));
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await Promise.all([source.close(), registry.close()]);
});

const push = (choice = {}) => store.push(`${registry.domain}/thing:v1`, choice);
const pushed = () =>
  JSON.parse(registry.manifests.get('thing:v1')!.bytes.toString()) as { layers: { digest: string }[] };
/** The configuration goes beside it, and has its length. */
const isOfLayer = (headers: IncomingHttpHeaders) => !(Number(headers['content-length']) < 1000);
const patches = () =>
  registry.seen.filter(
    ({ method, url, headers }) => method === 'PATCH' && url.includes('/blobs/uploads/') && isOfLayer(headers),
  );
/** The layer as the registry has it, uncompressed. */
const content = () => gunzipSync(registry.blobs.get(pushed().layers[0]!.digest)!);
const archive = () => image.blobs.get(image.layerDigests[0]!)!;

describe('a large layer that is here uncompressed', () => {
  it('is sent while it is compressed, and stored for the next push', async () => {
    const said = await push();
    expect(content().equals(archive())).toBe(true);
    const [large, ...rest] = patches();
    expect(large?.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect(rest).toEqual([]);
    expect(statesOf(said, archiveId()).at(-1)).toBe('Pushed');
    registry.seen.length = 0;
    expect(statesOf(await push(), archiveId()).at(-1)).toBe('Layer already exists');
    expect(patches()).toEqual([]);
  });
  const archiveId = () => image.layerDigests[0]!.slice(7, 19);

  it.each([
    ['that does not take chunks', 411],
    ['that breaks the connection', 0],
    ['that has forgotten the upload', 404],
  ])('is sent again from the store to a registry %s', async (_what, status) => {
    let refusals = 1;
    registry.intercept = (request, response) => {
      if (request.method !== 'PATCH' || !isOfLayer(request.headers) || refusals-- <= 0) return false;
      if (status === 0) request.once('data', () => request.socket.destroy());
      else fail(response, status, 'BLOB_UPLOAD_UNKNOWN', 'no');
      return true;
    };
    await push();
    expect(content().equals(archive())).toBe(true);
    expect(patches()[1]?.headers['content-length']).toBe(
      String(registry.blobs.get(pushed().layers[0]!.digest)!.length),
    );
  });

  it('is sent again when the registry finds another digest', async () => {
    let refusals = 1;
    registry.intercept = (request, response) => {
      const of = new URL(request.url ?? '', registry.origin).searchParams.get('digest');
      if (request.method !== 'PUT' || of === null || of === image.configDigest || refusals-- <= 0) return false;
      fail(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
      return true;
    };
    await push();
    expect(content().equals(archive())).toBe(true);
  });

  it('ends when the caller goes away, and leaves nothing', async () => {
    const abort = new AbortController();
    registry.intercept = (request) => {
      if (request.method !== 'PATCH') return false;
      abort.abort();
      return true;
    };
    await expect(push({ signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
    await store.transfers.close();
    expect(await store.images.blobs.list()).toHaveLength(3);
  });

  it('says why it may not be sent', async () => {
    registry.intercept = (request, response) => {
      if (request.method === 'HEAD' || request.url === '/v2/') return false;
      fail(response, 403, 'DENIED', 'requested access to the resource is denied');
      return true;
    };
    await expect(push()).rejects.toMatchObject({
      code: 'forbidden',
      message: 'denied: requested access to the resource is denied',
    });
  });
});
