import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  digestOf,
  indexOf,
  type MadeManifest,
  manifestOf,
  newBlob,
  newImage,
  pushBlob,
  putManifest,
  TYPES,
} from '../../support/registry-calls.ts';
import { type RegistryHere, startRegistryHere } from '../../support/registry-in-process.ts';

/** OCI distribution specification 1.1; the numbers are explained in conformance-1-pull.test.ts. */
const NAME = 'conformance/manifests';

describe('2 Push: manifests', () => {
  let registry: RegistryHere;
  const put = (reference: string, manifest: MadeManifest) => putManifest(registry.url, NAME, reference, manifest);
  const get = (reference: string) => call(registry.url, 'GET', `/v2/${NAME}/manifests/${reference}`);
  const image = (more: object = {}) => newImage(registry.url, NAME, more);
  const blob = async (bytes: Buffer, mediaType: string) => ({
    mediaType,
    digest: await pushBlob(registry.url, NAME, bytes),
    size: bytes.length,
  });

  /** Pushes by digest and by tag; both must give the very bytes back. */
  async function expectTaken(manifest: MadeManifest, tag: string): Promise<void> {
    for (const reference of [manifest.digest, tag]) {
      const answer = await put(reference, manifest);
      expect([answer.status, answer.body.toString()]).toEqual([201, '']);
      expect(answer.headers['docker-content-digest']).toBe(manifest.digest);
      for (const path of [answer.headers.location ?? '', `/v2/${NAME}/manifests/${reference}`]) {
        const pulled = await call(registry.url, 'GET', path);
        expect([pulled.status, pulled.headers['content-type']]).toEqual([200, manifest.mediaType]);
        expect(pulled.body.equals(manifest.bytes)).toBe(true);
      }
    }
  }

  beforeAll(async () => {
    registry = await startRegistryHere();
  });
  afterAll(() => registry?.close());

  describe('2.8 Pushing manifests (end-7)', () => {
    it('2.8 an image', async () => expectTaken(await image(), 'image'));

    it('2.8 an index, an index of indexes, an empty index', async () => {
      const [one, two] = [await image(), await image()];
      for (const each of [one, two]) expect((await put(each.digest, each)).status).toBe(201);
      const index = indexOf([one, two]);
      await expectTaken(index, 'index');
      await expectTaken(indexOf([index]), 'nested');
      await expectTaken(indexOf([]), 'empty');
    });

    it('2.8 an artifact with an empty configuration, an artifact index', async () => {
      const config = await blob(Buffer.from('{}'), TYPES.empty);
      const layers = [await blob(newBlob(), 'application/vnd.example.data')];
      const artifact = manifestOf({ artifactType: 'application/vnd.example', config, layers });
      await expectTaken(artifact, 'artifact');
      await expectTaken(manifestOf({ artifactType: 'application/vnd.example', config, layers: [config] }), 'no-layers');
      await expectTaken(indexOf([artifact], { artifactType: 'application/vnd.example' }), 'artifacts');
    });

    it('2.8 an image without layers, with embedded data, with members that nobody knows', async () => {
      await expectTaken(await image({ layers: [] }), 'no-layers-at-all');
      await expectTaken(await image({ 'x-new': { a: [1, null] }, annotations: { '': '', __proto__x: 'y' } }), 'new');
      const config = { ...(await blob(Buffer.from('{}'), TYPES.empty)), data: 'e30=' };
      await expectTaken(manifestOf({ config, layers: [config] }), 'data');
    });

    it("2.8 Docker's manifest and list, schema 2", async () => {
      const config = await blob(newBlob(), TYPES.dockerConfig);
      const manifest = manifestOf({ config, layers: [await blob(newBlob(), TYPES.dockerLayer)] }, TYPES.dockerManifest);
      await expectTaken(manifest, 'docker');
      await expectTaken(manifestOf({ manifests: [manifest.descriptor] }, TYPES.dockerIndex), 'docker-list');
    });

    it('2.8 layers that are not distributed need not be here', async () => {
      const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
      const away = { mediaType, digest: digestOf('away'), size: 4, urls: ['https://store.example.com/away'] };
      await expectTaken(await image({ layers: [away] }), 'foreign');
    });

    it('2.8 sha512', async () => {
      const made = await newImage(registry.url, NAME, {}, 'sha512');
      const answer = await put(made.digest, made);
      expect([answer.status, answer.headers['docker-content-digest']]).toEqual([201, made.digest]);
      expect((await get(made.digest)).body.equals(made.bytes)).toBe(true);
      const path = `/v2/${NAME}/manifests/by-512?digest=${made.digest}`;
      expect((await call(registry.url, 'PUT', path, { body: made.bytes })).status).toBe(201);
      expect((await get('by-512')).headers['docker-content-digest']).toBe(made.digest);
    });

    it('2.8 as large as manifests may be: 4 MiB, not a byte more (code-10)', async () => {
      const limit = 4 * 1024 * 1024;
      const base = await image({ annotations: { long: '' } });
      const grown = (size: number) => {
        const text = base.bytes.toString().replace('"long": ""', `"long": "${'A'.repeat(size - base.bytes.length)}"`);
        const bytes = Buffer.from(text);
        return { ...base, bytes, digest: digestOf(bytes) };
      };
      await expectTaken(grown(limit), 'large');
      const answer = await put('larger', grown(limit + 1));
      expect([answer.status, answer.codes()]).toEqual([413, ['SIZE_INVALID']]);
    });

    it('2.8 without Content-Type the document says what it is', async () => {
      const made = await image();
      const path = `/v2/${NAME}/manifests/untyped`;
      expect((await call(registry.url, 'PUT', path, { body: made.bytes })).status).toBe(201);
      expect((await get('untyped')).headers['content-type']).toBe(TYPES.manifest);
    });

    it('2.8 several tags at once (tag parameter)', async () => {
      const made = await image();
      const path = `/v2/${NAME}/manifests/${made.digest}?tag=many-1&tag=many-2`;
      const headers = { 'content-type': made.mediaType };
      const answer = await call(registry.url, 'PUT', path, { body: made.bytes, headers });
      expect([answer.status, answer.headers['oci-tag']]).toEqual([201, 'many-1, many-2']);
      for (const tag of ['many-1', 'many-2']) expect((await get(tag)).body.equals(made.bytes)).toBe(true);
      const wrong = await call(registry.url, 'PUT', path.replace('many-1', '.no'), { body: made.bytes, headers });
      expect([wrong.status, wrong.codes()]).toEqual([400, ['TAG_INVALID']]);
    });

    it('2.8 a tag moves, and what it pointed at stays', async () => {
      const [before, after] = [await image(), await image()];
      await put('moving', before);
      await put('moving', after);
      expect((await get('moving')).headers['docker-content-digest']).toBe(after.digest);
      expect((await get(before.digest)).status).toBe(200);
    });
  });

  describe('2.8 what is refused', () => {
    it('2.8 bytes that do not have the digest: 400 (code-4)', async () => {
      const made = await image();
      for (const [reference, bytes] of [
        [made.digest, Buffer.concat([made.bytes, Buffer.from('  ')])],
        ['sha256:baddigeststring', made.bytes],
      ] as const) {
        const answer = await put(reference, { ...made, bytes });
        expect([answer.status, answer.codes()]).toEqual([400, ['DIGEST_INVALID']]);
      }
    });

    it.each(['config', 'layers'])('2.8 a missing blob in %s: 404 (code-5)', async (place) => {
      const missing = { mediaType: TYPES.config, digest: digestOf(`missing ${place}`), size: 7 };
      const answer = await put('missing', await image({ [place]: place === 'layers' ? [missing] : missing }));
      expect([answer.status, answer.codes()]).toEqual([404, ['MANIFEST_BLOB_UNKNOWN']]);
      expect(answer.json()).toMatchObject({ errors: [{ detail: [{ digest: missing.digest }] }] });
      expect((await get('missing')).status).toBe(404);
    });

    it('2.8 a blob that only another repository has is missing', async () => {
      const made = await newImage(registry.url, 'conformance/elsewhere');
      expect((await put('elsewhere', made)).codes()).toEqual(['MANIFEST_BLOB_UNKNOWN']);
    });

    it('2.8 an index over a missing manifest: 404; taken where indexes may be sparse', async () => {
      const index = indexOf([await image()]);
      expect((await put('sparse', index)).codes()).toEqual(['MANIFEST_BLOB_UNKNOWN']);
      await using lenient = await startRegistryHere({ indexes: 'sparse' });
      expect((await putManifest(lenient.url, NAME, 'sparse', index)).status).toBe(201);
    });

    const digest = digestOf('x');
    const descriptor = { mediaType: TYPES.config, digest, size: 1 };
    it.each([
      ['no JSON', '{'],
      ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
      ['no object', '[]'],
      ['null', 'null'],
      ['nothing', ''],
      ['schema version 1', '{"schemaVersion":1}'],
      ['no schema version', '{}'],
      ['no layers', JSON.stringify({ schemaVersion: 2, config: descriptor })],
      ['no configuration', JSON.stringify({ schemaVersion: 2, layers: [] })],
      ['both kinds', JSON.stringify({ schemaVersion: 2, config: descriptor, layers: [], manifests: [] })],
      ['another type', JSON.stringify({ schemaVersion: 2, mediaType: TYPES.index, config: descriptor, layers: [] })],
      ['an unknown type', JSON.stringify({ schemaVersion: 2, mediaType: 'a/b', config: descriptor, layers: [] })],
      ['a wrong digest', JSON.stringify({ schemaVersion: 2, config: { ...descriptor, digest: 'x' }, layers: [] })],
      ['a wrong size', JSON.stringify({ schemaVersion: 2, config: { ...descriptor, size: -1 }, layers: [] })],
      ['a subject of text', JSON.stringify({ schemaVersion: 2, config: descriptor, layers: [], subject: digest })],
      ['annotations of numbers', JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { a: 1 } })],
    ])('2.8 %s: 400 (code-6)', async (_, body) => {
      const answer = await call(registry.url, 'PUT', `/v2/${NAME}/manifests/wrong`, { body });
      expect([answer.status, answer.codes()]).toEqual([400, ['MANIFEST_INVALID']]);
    });

    it('2.8 a type that is not the one of the document: 400 (code-6)', async () => {
      const answer = await put('wrong', { ...(await image()), mediaType: TYPES.dockerManifest });
      expect([answer.status, answer.codes()]).toEqual([400, ['MANIFEST_INVALID']]);
    });

    it.each(['.hidden', '-x', 'a'.repeat(129), 'a b', 'ä'])('2.8 %j is no tag: 400', async (tag) => {
      const answer = await put(encodeURIComponent(tag), await image());
      expect([answer.status, answer.codes()]).toEqual([400, ['TAG_INVALID']]);
    });
  });

  describe('2.9 Pushing manifests with a subject', () => {
    it('2.9 OCI-Subject names the subject, of an image and of an index', async () => {
      const subject = await image();
      await put(subject.digest, subject);
      const artifact = await image({ subject: subject.descriptor });
      const answer = await put(artifact.digest, artifact);
      expect([answer.status, answer.headers['oci-subject']]).toEqual([201, subject.digest]);
      const index = indexOf([], { subject: subject.descriptor });
      expect((await put('signed-index', index)).headers['oci-subject']).toBe(subject.digest);
    });

    it('2.9 the subject may be missing', async () => {
      const subject = { mediaType: TYPES.manifest, digest: digestOf('not pushed yet'), size: 123 };
      const answer = await put('orphan', await image({ subject }));
      expect([answer.status, answer.headers['oci-subject']]).toEqual([201, subject.digest]);
    });

    it('2.9 without a subject there is no OCI-Subject', async () => {
      expect((await put('plain', await image())).headers).not.toHaveProperty('oci-subject');
    });
  });
});
