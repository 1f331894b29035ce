import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Algorithm,
  call,
  digestOf,
  indexOf,
  type MadeManifest,
  newBlob,
  newImage,
  pushBlob,
  putManifest,
} from '../../support/registry-calls.ts';
import { type RegistryHere, startRegistryHere } from '../../support/registry-in-process.ts';

/**
 * OCI distribution specification 1.1, "Workflow Categories", in its order: 1 Pull, 2 Push, 3 Content Discovery,
 * 4 Content Management; `end-N` are its endpoints, `code-N` its error codes. One file for each category.
 */
const NAME = 'conformance/pull';

describe('1 Pull', () => {
  let registry: RegistryHere;
  const get = (path: string, headers: Record<string, string> = {}) =>
    call(registry.url, 'GET', `/v2/${NAME}/${path}`, { headers });
  const head = (path: string) => call(registry.url, 'HEAD', `/v2/${NAME}/${path}`);

  beforeAll(async () => {
    registry = await startRegistryHere();
  });
  afterAll(() => registry?.close());

  describe('1.1 Pulling manifests (end-3)', () => {
    let image: MadeManifest;
    let index: MadeManifest;
    beforeAll(async () => {
      image = await newImage(registry.url, NAME);
      index = indexOf([image]);
      expect((await putManifest(registry.url, NAME, 'image', image)).status).toBe(201);
      expect((await putManifest(registry.url, NAME, 'index', index)).status).toBe(201);
    });

    it.each(['image', 'index'] as const)('1.1 GET of the %s by tag and by digest gives its very bytes', async (tag) => {
      const made = tag === 'image' ? image : index;
      for (const reference of [tag, made.digest]) {
        const answer = await get(`manifests/${reference}`);
        expect(answer.status).toBe(200);
        expect(answer.headers).toMatchObject({
          'content-type': made.mediaType,
          'content-length': String(made.bytes.length),
          'docker-content-digest': made.digest,
        });
        expect(answer.body.equals(made.bytes)).toBe(true);
      }
    });

    it('1.1 the type is that of the manifest, whatever Accept says', async () => {
      const answer = await get('manifests/image', { accept: 'application/vnd.oci.image.index.v1+json' });
      expect(answer.headers['content-type']).toBe(image.mediaType);
    });

    it.each(['missing', digestOf('missing')])('1.1 a manifest that is not there: 404 (%s)', async (reference) => {
      const answer = await get(`manifests/${reference}`);
      expect([answer.status, answer.codes()]).toEqual([404, ['MANIFEST_UNKNOWN']]);
    });

    it('1.1 a manifest of another repository is not there', async () => {
      const answer = await call(registry.url, 'GET', `/v2/other/manifests/${image.digest}`);
      expect([answer.status, answer.codes()]).toEqual([404, ['MANIFEST_UNKNOWN']]);
    });

    it.each(['sha256:baddigeststring', 'sha256:', `sha256:${'A'.repeat(64)}`, 'md5:d41d8cd98f00b204e9800998ecf8427e'])(
      '1.1 a digest that is none: 400 (%s)',
      async (reference) => {
        const answer = await get(`manifests/${reference}`);
        expect([answer.status, answer.codes()]).toEqual([400, ['DIGEST_INVALID']]);
      },
    );

    it('1.1 If-None-Match: 304 without a body', async () => {
      const answer = await get('manifests/image', { 'if-none-match': `"${image.digest}"` });
      expect([answer.status, answer.body.length]).toEqual([304, 0]);
    });
  });

  describe.each<Algorithm>(['sha256', 'sha512'])('1.2 Pulling blobs (end-2), %s', (algorithm) => {
    const bytes = newBlob(2048);
    const digest = digestOf(bytes, algorithm);
    beforeAll(async () => {
      await pushBlob(registry.url, NAME, bytes, algorithm);
    });

    it(`1.2 GET of a blob gives its bytes (${algorithm})`, async () => {
      const answer = await get(`blobs/${digest}`);
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ 'docker-content-digest': digest, 'content-length': '2048' });
      expect(answer.body.equals(bytes)).toBe(true);
    });

    it(`1.2 a digest in percent encoding is the same (${algorithm})`, async () => {
      expect((await get(`blobs/${digest.replace(':', '%3A')}`)).status).toBe(200);
    });

    it(`1.2 GET of a blob that is not there, or is in another repository: 404 (${algorithm})`, async () => {
      const missing = await get(`blobs/${digestOf('missing', algorithm)}`);
      expect([missing.status, missing.codes()]).toEqual([404, ['BLOB_UNKNOWN']]);
      expect((await call(registry.url, 'GET', `/v2/other/blobs/${digest}`)).status).toBe(404);
    });

    it.each([
      ['bytes=500-1499', 500, 1499],
      ['bytes=500-', 500, 2047],
      ['bytes=-500', 1548, 2047],
      ['bytes=2000-5000', 2000, 2047],
      ['bytes=0-0', 0, 0],
      ['bytes=-5000', 0, 2047],
    ])(`1.3 Pulling a part of a blob: %s (${algorithm})`, async (range, start, end) => {
      const answer = await get(`blobs/${digest}`, { range });
      expect(answer.status).toBe(206);
      expect(answer.headers).toMatchObject({
        'content-range': `bytes ${start}-${end}/2048`,
        'content-length': String(end - start + 1),
        'accept-ranges': 'bytes',
      });
      expect(answer.body.equals(bytes.subarray(start, end + 1))).toBe(true);
    });

    it.each(['bytes=5000-10000', 'bytes=2048-', 'bytes=500-0', 'bytes=-0'])(
      `1.3 a part that is not there: 416 (%s, ${algorithm})`,
      async (range) => {
        const answer = await get(`blobs/${digest}`, { range });
        expect([answer.status, answer.headers['content-range']]).toEqual([416, 'bytes */2048']);
      },
    );

    it.each(['bytes=0-1,5-6', 'lines=1-2', 'bytes=', 'bytes=a-b'])(
      `1.3 what is not one range of bytes gives everything (%s, ${algorithm})`,
      async (range) => {
        const answer = await get(`blobs/${digest}`, { range });
        expect([answer.status, answer.body.length]).toEqual([200, 2048]);
      },
    );
  });

  it.each(['', '{}'])('1.2 the well-known blob %j', async (text) => {
    const digest = await pushBlob(registry.url, NAME, Buffer.from(text));
    const answer = await get(`blobs/${digest}`);
    expect([answer.status, answer.body.toString()]).toEqual([200, text]);
  });

  describe('1.4 Checking if content exists in the registry (end-2, end-3)', () => {
    it('1.4 HEAD of a blob: 200 with digest and length, no body', async () => {
      const bytes = newBlob();
      const digest = await pushBlob(registry.url, NAME, bytes);
      const answer = await head(`blobs/${digest}`);
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ 'docker-content-digest': digest, 'content-length': '512' });
      expect(answer.body).toHaveLength(0);
    });

    it('1.4 HEAD of a manifest by tag and digest: 200 with type, digest and length, no body', async () => {
      const image = await newImage(registry.url, NAME);
      await putManifest(registry.url, NAME, 'head', image);
      for (const reference of ['head', image.digest]) {
        const answer = await head(`manifests/${reference}`);
        expect(answer.status).toBe(200);
        expect(answer.headers).toMatchObject({
          'content-type': image.mediaType,
          'docker-content-digest': image.digest,
          'content-length': String(image.bytes.length),
        });
        expect(answer.body).toHaveLength(0);
      }
    });

    it.each([`blobs/${digestOf('missing')}`, 'manifests/missing', `manifests/${digestOf('missing')}`])(
      '1.4 HEAD of what is not there: 404 (%s)',
      async (path) => {
        expect((await head(path)).status).toBe(404);
      },
    );
  });
});
