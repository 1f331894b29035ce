import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, digestOf, newBlob, newImage, pushBlob, putManifest } from '../../support/registry-calls.ts';
import { type RegistryHere, startRegistryHere } from '../../support/registry-in-process.ts';

/** OCI distribution specification 1.1; the numbers are explained in conformance-1-pull.test.ts. */
const NAME = 'conformance/management';

describe('4 Content Management', () => {
  let registry: RegistryHere;
  const send = (method: string, path: string) => call(registry.url, method, `/v2/${NAME}/${path}`);

  beforeAll(async () => {
    registry = await startRegistryHere();
  });
  afterAll(() => registry?.close());

  it('4.1 Deleting tags (end-9): 202, at once; the manifest and its other tags stay', async () => {
    const image = await newImage(registry.url, NAME);
    for (const tag of ['one', 'two']) await putManifest(registry.url, NAME, tag, image);
    expect((await send('DELETE', 'manifests/one')).status).toBe(202);
    expect((await send('HEAD', 'manifests/one')).status).toBe(404);
    for (const reference of ['two', image.digest])
      expect((await send('HEAD', `manifests/${reference}`)).status).toBe(200);
    expect((await send('GET', 'tags/list')).json()).toMatchObject({ tags: ['two'] });
  });

  it('4.2 Deleting manifests (end-9): 202, at once, with all of their tags', async () => {
    const [image, other] = [await newImage(registry.url, NAME), await newImage(registry.url, NAME)];
    for (const tag of ['three', 'four']) await putManifest(registry.url, NAME, tag, image);
    await putManifest(registry.url, NAME, 'five', other);
    expect((await send('DELETE', `manifests/${image.digest}`)).status).toBe(202);
    for (const reference of ['three', 'four', image.digest])
      expect((await send('GET', `manifests/${reference}`)).codes()).toEqual(['MANIFEST_UNKNOWN']);
    expect((await send('HEAD', 'manifests/five')).status).toBe(200);
  });

  it('4.2 it can be pushed again', async () => {
    const image = await newImage(registry.url, NAME);
    await putManifest(registry.url, NAME, 'again', image);
    await send('DELETE', `manifests/${image.digest}`);
    expect((await putManifest(registry.url, NAME, 'again', image)).status).toBe(201);
    expect((await send('GET', 'manifests/again')).body.equals(image.bytes)).toBe(true);
  });

  it('4.3 Deleting blobs (end-10): 202, at once, in this repository only', async () => {
    const bytes = newBlob();
    const digest = await pushBlob(registry.url, NAME, bytes);
    await pushBlob(registry.url, 'conformance/other', bytes);
    expect((await send('DELETE', `blobs/${digest}`)).status).toBe(202);
    expect((await send('HEAD', `blobs/${digest}`)).status).toBe(404);
    expect((await call(registry.url, 'GET', `/v2/conformance/other/blobs/${digest}`)).body.equals(bytes)).toBe(true);
  });

  it('4.3 a blob that a manifest needs stays: 405; when the manifest is gone it goes', async () => {
    const image = await newImage(registry.url, NAME);
    await putManifest(registry.url, NAME, 'needs', image);
    const path = `blobs/${digestOf(image.layer)}`;
    const refused = await send('DELETE', path);
    expect([refused.status, refused.codes()]).toEqual([405, ['UNSUPPORTED']]);
    expect(refused.json()).toMatchObject({ errors: [{ detail: { manifest: image.digest } }] });
    await send('DELETE', `manifests/${image.digest}`);
    expect((await send('DELETE', path)).status).toBe(202);
  });

  it('attack 38: what was deleted here is not readable again because another repository has it', async () => {
    const image = await newImage(registry.url, NAME);
    await newImageAgain('conformance/other', image);
    await putManifest(registry.url, NAME, 'twice', image);
    await send('DELETE', `manifests/${image.digest}`);
    await send('DELETE', `blobs/${digestOf(image.layer)}`);
    const layer = `blobs/${digestOf(image.layer)}`;
    for (let again = 0; again < 2; again++) {
      expect((await call(registry.url, 'GET', `/v2/conformance/other/${layer}`)).status).toBe(200);
      for (const method of ['GET', 'HEAD']) expect((await send(method, layer)).status).toBe(404);
      expect((await send('GET', `manifests/${image.digest}`)).status).toBe(404);
    }
    await registry.registry.collect({ dryRun: false, graceMs: 0 });
    expect((await send('GET', layer)).status).toBe(404);
    expect((await call(registry.url, 'GET', `/v2/conformance/other/${layer}`)).status).toBe(200);
  });

  async function newImageAgain(name: string, image: Awaited<ReturnType<typeof newImage>>): Promise<void> {
    for (const bytes of [image.config, image.layer]) await pushBlob(registry.url, name, bytes);
    expect((await putManifest(registry.url, name, 'twice', image)).status).toBe(201);
  }

  it.each([
    ['manifests/missing', 'MANIFEST_UNKNOWN'],
    [`manifests/${digestOf('missing')}`, 'MANIFEST_UNKNOWN'],
    [`blobs/${digestOf('missing')}`, 'BLOB_UNKNOWN'],
  ])('4.1 to 4.3 what is not there: 404 (%s)', async (path, code) => {
    const answer = await send('DELETE', path);
    expect([answer.status, answer.codes()]).toEqual([404, [code]]);
  });

  it('4.1 to 4.3 a registry that deletes nothing: 405 (code-14)', async () => {
    await using fixed = await startRegistryHere({ delete: false });
    const image = await newImage(fixed.url, NAME);
    await putManifest(fixed.url, NAME, 'stays', image);
    for (const path of ['manifests/stays', `manifests/${image.digest}`, `blobs/${digestOf(image.layer)}`]) {
      const answer = await call(fixed.url, 'DELETE', `/v2/${NAME}/${path}`);
      expect([answer.status, answer.codes()]).toEqual([405, ['UNSUPPORTED']]);
    }
    expect((await call(fixed.url, 'HEAD', `/v2/${NAME}/manifests/stays`)).status).toBe(200);
  });
});
