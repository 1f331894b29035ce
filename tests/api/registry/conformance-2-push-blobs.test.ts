import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Algorithm,
  type Answer,
  call,
  digestOf,
  newBlob,
  pushBlob,
  startUpload,
} from '../../support/registry-calls.ts';
import { type RegistryHere, startRegistryHere } from '../../support/registry-in-process.ts';

/** OCI distribution specification 1.1; the numbers are explained in conformance-1-pull.test.ts. */
const NAME = 'conformance/push';
const OTHER = 'conformance/other';

describe('2 Push: blobs', () => {
  let registry: RegistryHere;
  const send = (method: string, path: string, body?: Buffer | string, headers: Record<string, string> = {}) =>
    call(registry.url, method, path, { headers, ...(body === undefined ? {} : { body }) });
  const uploads = `/v2/${NAME}/blobs/uploads/`;
  const within = (location: string, digest: string) =>
    `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`;
  const octets = { 'content-type': 'application/octet-stream' };

  /** What every pushed blob is checked by: 201, its digest, and a Location from which it is pulled. */
  async function expectPushed(answer: Answer, bytes: Buffer, digest: string): Promise<void> {
    expect([answer.status, answer.body.toString()]).toEqual([201, '']);
    expect(answer.headers['docker-content-digest']).toBe(digest);
    const pulled = await send('GET', answer.headers.location ?? '');
    expect(pulled.status).toBe(200);
    expect(pulled.body.equals(bytes)).toBe(true);
  }

  beforeAll(async () => {
    registry = await startRegistryHere();
  });
  afterAll(() => registry?.close());

  describe.each<Algorithm>(['sha256', 'sha512'])('%s', (algorithm) => {
    const made = (size = 512) => {
      const bytes = newBlob(size);
      return { bytes, digest: digestOf(bytes, algorithm) };
    };

    it(`2.1 POST then PUT (end-4a, end-6): 202 with a Location, then 201 (${algorithm})`, async () => {
      const { bytes, digest } = made();
      const begun = await send('POST', uploads, '');
      expect(begun.status).toBe(202);
      expect(begun.headers).toMatchObject({ location: expect.stringMatching(/uploads\/[0-9a-f-]{36}/) });
      const answer = await send('PUT', within(begun.headers.location ?? '', digest), bytes, octets);
      await expectPushed(answer, bytes, digest);
    });

    it(`2.2 a single POST (end-4b): 201 (${algorithm})`, async () => {
      const { bytes, digest } = made();
      await expectPushed(await send('POST', `${uploads}?digest=${digest}`, bytes, octets), bytes, digest);
    });

    it(`2.3 a stream: PATCH without Content-Range (end-5), then PUT (${algorithm})`, async () => {
      const { bytes, digest } = made(70_000);
      const begun = await send('POST', `${uploads}?digest-algorithm=${algorithm}`, '');
      const patched = await send('PATCH', begun.headers.location ?? '', bytes, octets);
      expect([patched.status, patched.headers.range]).toEqual([202, '0-69999']);
      await expectPushed(await send('PUT', within(patched.headers.location ?? '', digest), ''), bytes, digest);
    });

    it.each([false, true])(`2.4 in chunks (end-5), the last one with PUT: %s (${algorithm})`, async (lastWithPut) => {
      const { bytes, digest } = made(1000);
      let location = await startUpload(registry.url, NAME);
      for (const [start, end] of lastWithPut ? CHUNKS.slice(0, 2) : CHUNKS) {
        const chunk = bytes.subarray(start, end + 1);
        const answer = await send('PATCH', location, chunk, { ...octets, 'content-range': `${start}-${end}` });
        expect([answer.status, answer.headers.range]).toEqual([202, `0-${end}`]);
        location = answer.headers.location ?? '';
      }
      const last = lastWithPut ? bytes.subarray(800) : '';
      const headers: Record<string, string> = lastWithPut ? { 'content-range': '800-999' } : {};
      await expectPushed(await send('PUT', within(location, digest), last, headers), bytes, digest);
    });

    it(`2.1 to 2.4 a wrong digest: 400, and the upload is gone (code-4, ${algorithm})`, async () => {
      const { bytes } = made();
      const wrong = digestOf('something else', algorithm);
      const single = await send('POST', `${uploads}?digest=${wrong}`, bytes);
      expect([single.status, single.codes()]).toEqual([400, ['DIGEST_INVALID']]);
      const location = await startUpload(registry.url, NAME);
      const put = await send('PUT', within(location, wrong), bytes);
      expect([put.status, put.codes()]).toEqual([400, ['DIGEST_INVALID']]);
      expect((await send('GET', location)).status).toBe(404);
      expect((await send('HEAD', `/v2/${NAME}/blobs/${wrong}`)).status).toBe(404);
    });

    it(`2.7 mounting from another repository (end-11): 201, and nothing is sent (${algorithm})`, async () => {
      const { bytes, digest } = made();
      await pushBlob(registry.url, OTHER, bytes, algorithm);
      await expectPushed(await send('POST', `${uploads}?mount=${digest}&from=${OTHER}`, ''), bytes, digest);
    });

    it(`2.7 mounting from anywhere, without from: 201 (${algorithm})`, async () => {
      const { bytes, digest } = made();
      await pushBlob(registry.url, OTHER, bytes, algorithm);
      await expectPushed(await send('POST', `${uploads}?mount=${digest}`, ''), bytes, digest);
    });

    it.each([OTHER, 'no/such', 'NOT A NAME', ''])(
      `2.7 what cannot be mounted is an upload: 202 (from %j, ${algorithm})`,
      async (from) => {
        const { bytes, digest } = made();
        const query = `mount=${digest}${from === '' ? '' : `&from=${encodeURIComponent(from)}`}`;
        const begun = await send('POST', `${uploads}?${query}`, '');
        expect(begun.status).toBe(202);
        await expectPushed(await send('PUT', within(begun.headers.location ?? '', digest), bytes), bytes, digest);
      },
    );
  });

  it.each(['', '{}'])('2.1 the well-known blob %j', async (text) => {
    const [bytes, digest] = [Buffer.from(text), digestOf(text)];
    const location = await startUpload(registry.url, NAME);
    await expectPushed(await send('PUT', within(location, digest), bytes), bytes, digest);
  });

  it('2.1 the same blob again, and at the same time', async () => {
    const bytes = newBlob(100_000);
    const digest = digestOf(bytes);
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => send('POST', `${uploads}?digest=${digest}`, bytes, octets)),
    );
    for (const answer of answers) await expectPushed(answer, bytes, digest);
  });

  it('2.4 a chunk out of order: 416 with the way on; then it goes on', async () => {
    const bytes = newBlob(1000);
    const location = await startUpload(registry.url, NAME);
    const early = await send('PATCH', location, bytes.subarray(300, 600), { 'content-range': '300-599' });
    expect([early.status, early.codes()]).toEqual([416, ['BLOB_UPLOAD_INVALID']]);
    await send('PATCH', location, bytes.subarray(0, 600), { 'content-range': '0-599' });
    for (const [method, path] of [
      ['PATCH', location],
      ['PUT', within(location, digestOf(bytes))],
    ] as const) {
      const again = await send(method, path, bytes.subarray(0, 100), { 'content-range': '0-99' });
      expect([again.status, again.headers.range]).toEqual([416, '0-599']);
      expect((await send('GET', again.headers.location ?? '')).headers.range).toBe('0-599');
    }
    await send('PATCH', location, bytes.subarray(600), { 'content-range': '600-999' });
    await expectPushed(await send('PUT', within(location, digestOf(bytes)), ''), bytes, digestOf(bytes));
  });

  it.each([
    ['0-99', 50, 400, 'SIZE_INVALID'],
    ['0-9', 50, 400, 'SIZE_INVALID'],
    ['9-0', 50, 416, 'BLOB_UPLOAD_INVALID'],
    ['everything', 50, 416, 'BLOB_UPLOAD_INVALID'],
    ['0-', 50, 416, 'BLOB_UPLOAD_INVALID'],
    ['-1-49', 50, 416, 'BLOB_UPLOAD_INVALID'],
  ])('2.4 Content-Range %j of %i bytes is refused: %i %s', async (range, size, status, code) => {
    const location = await startUpload(registry.url, NAME);
    const answer = await send('PATCH', location, newBlob(size), { 'content-range': range });
    expect([answer.status, answer.codes()]).toEqual([status, [code]]);
    expect((await send('GET', location)).status).toBe(204);
  });

  it('2.5 how far an upload is (end-13): 204 with Range and Location', async () => {
    const location = await startUpload(registry.url, NAME);
    expect((await send('GET', location)).headers.range).toBe('0-0');
    await send('PATCH', location, newBlob(300));
    const answer = await send('GET', location);
    expect([answer.status, answer.headers.range]).toEqual([204, '0-299']);
    expect((await send('GET', answer.headers.location ?? '')).status).toBe(204);
  });

  it('2.6 cancelling an upload: 204, and it is unknown (code-3)', async () => {
    const location = await startUpload(registry.url, NAME);
    await send('PATCH', location, newBlob());
    expect((await send('DELETE', location)).status).toBe(204);
    for (const [method, path] of [
      ['GET', location],
      ['DELETE', location],
      ['PATCH', location],
      ['PUT', within(location, digestOf(''))],
    ] as const) {
      const answer = await send(method, path, method === 'GET' ? undefined : '');
      expect([answer.status, answer.codes()]).toEqual([404, ['BLOB_UPLOAD_UNKNOWN']]);
    }
  });

  it('2.5 an upload is known to its repository only', async () => {
    const location = await startUpload(registry.url, NAME);
    const answer = await send('PATCH', location.replace(NAME, OTHER), newBlob());
    expect([answer.status, answer.codes()]).toEqual([404, ['BLOB_UPLOAD_UNKNOWN']]);
  });

  it('2.1 PUT without a digest: 400 (code-4)', async () => {
    const answer = await send('PUT', await startUpload(registry.url, NAME), newBlob());
    expect([answer.status, answer.codes()]).toEqual([400, ['DIGEST_INVALID']]);
  });

  it('2.2 the address of uploads is also known without its last slash', async () => {
    expect((await send('POST', uploads.slice(0, -1), '')).status).toBe(202);
  });
});

const CHUNKS = [
  [0, 399],
  [400, 799],
  [800, 999],
] as const;
