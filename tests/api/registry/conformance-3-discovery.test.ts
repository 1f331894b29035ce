import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  digestOf,
  indexOf,
  manifestOf,
  newImage,
  pushBlob,
  putManifest,
  TYPES,
} from '../../support/registry-calls.ts';
import { type RegistryHere, startRegistryHere } from '../../support/registry-in-process.ts';

/** OCI distribution specification 1.1; the numbers are explained in conformance-1-pull.test.ts. */
const NAME = 'conformance/discovery';

describe('3 Content Discovery', () => {
  let registry: RegistryHere;
  const get = (path: string) => call(registry.url, 'GET', path);

  beforeAll(async () => {
    registry = await startRegistryHere();
  });
  afterAll(() => registry?.close());

  describe('3.1 Listing tags (end-8a, end-8b)', () => {
    const TAGS = ['0.9', '1.0', '1.0-rc1', 'B', 'Z', '_x', 'a', 'a.b', 'latest'];
    const list = (query = '') => get(`/v2/${NAME}/tags/list${query}`);
    beforeAll(async () => {
      const image = await newImage(registry.url, NAME);
      for (const tag of TAGS.toReversed()) await putManifest(registry.url, NAME, tag, image);
    });

    it('3.1 all of them, in the order of ASCII', async () => {
      const answer = await list();
      expect([answer.status, answer.json()]).toEqual([200, { name: NAME, tags: TAGS }]);
      expect(answer.headers).not.toHaveProperty('link');
    });

    it('3.1 n: no more than that many, and a Link to the others', async () => {
      const answer = await list('?n=4');
      expect(answer.json()).toEqual({ name: NAME, tags: TAGS.slice(0, 4) });
      expect(answer.headers.link).toBe(`</v2/${NAME}/tags/list?last=B&n=4>; rel="next"`);
    });

    it('3.1 the Links lead through all of them, once', async () => {
      const seen: string[] = [];
      for (let path: string | undefined = `/v2/${NAME}/tags/list?n=2`; path !== undefined; ) {
        const answer = await get(path);
        seen.push(...(answer.json() as { tags: string[] }).tags);
        path = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link ?? ''))?.[1];
      }
      expect(seen).toEqual(TAGS);
    });

    it.each([
      ['?n=0', []],
      ['?n=100', TAGS],
      ['?last=1.0-rc1', TAGS.slice(3)],
      ['?last=1.5', TAGS.slice(3)],
      ['?n=2&last=Z', TAGS.slice(5, 7)],
      ['?last=zzz', []],
    ])('3.1 %s', async (query, tags) => {
      const answer = await list(query);
      expect([answer.status, answer.json()]).toEqual([200, { name: NAME, tags }]);
    });

    it.each(['?n=-1', '?n=x', '?n=1.5', '?n='])('3.1 %s: 400', async (query) => {
      expect((await list(query)).codes()).toEqual(['PAGINATION_NUMBER_INVALID']);
    });

    it('3.1 a repository that there is not: 404 (code-9)', async () => {
      const answer = await get('/v2/no/such/tags/list');
      expect([answer.status, answer.codes()]).toEqual([404, ['NAME_UNKNOWN']]);
    });

    it('3.1 a repository without tags has an empty list', async () => {
      const image = await newImage(registry.url, 'conformance/untagged');
      await putManifest(registry.url, 'conformance/untagged', image.digest, image);
      expect((await get('/v2/conformance/untagged/tags/list')).json()).toMatchObject({ tags: [] });
    });
  });

  describe('3.2 Listing referrers (end-12a, end-12b)', () => {
    const [FIRST, SECOND] = ['application/vnd.example.first', 'application/vnd.example.second'];
    const list = async (digest: string, query = '') => get(`/v2/${NAME}/referrers/${digest}${query}`);

    async function withReferrers() {
      const subject = await newImage(registry.url, NAME);
      const config = { mediaType: TYPES.empty, digest: await pushBlob(registry.url, NAME, Buffer.from('{}')), size: 2 };
      const annotations = { 'org.example': 'hello', other: 'ä "quoted"' };
      const about = { subject: subject.descriptor, config, layers: [config] };
      const manifests = [
        manifestOf({ ...about, artifactType: FIRST, annotations }),
        manifestOf({ ...about, artifactType: SECOND }),
        await newImage(registry.url, NAME, { subject: subject.descriptor }),
        indexOf([], { subject: subject.descriptor, artifactType: FIRST }),
        indexOf([], { subject: subject.descriptor }),
      ];
      const entry = (n: number, more: object) => ({ ...manifests[n]!.descriptor, ...more });
      const entries = [
        entry(0, { artifactType: FIRST, annotations }),
        entry(1, { artifactType: SECOND }),
        entry(2, { artifactType: TYPES.config }), // that of its configuration
        entry(3, { artifactType: FIRST }),
        entry(4, {}),
      ].sort((a, b) => (a.digest < b.digest ? -1 : 1));
      return { subject, manifests, entries };
    }

    it('3.2 an index of what names it as its subject: type, digest, size, artifact type, annotations', async () => {
      const { subject, manifests, entries } = await withReferrers();
      for (const each of manifests) await putManifest(registry.url, NAME, each.digest, each);
      const answer = await list(subject.digest); // it was never pushed itself
      expect([answer.status, answer.headers['content-type']]).toEqual([200, TYPES.index]);
      expect(answer.json()).toEqual({ schemaVersion: 2, mediaType: TYPES.index, manifests: entries });
      expect(answer.headers).not.toHaveProperty('oci-filters-applied');
    });

    it('3.2 artifactType: only those, and OCI-Filters-Applied says so', async () => {
      const { subject, manifests, entries } = await withReferrers();
      for (const each of manifests) await putManifest(registry.url, NAME, each.digest, each);
      for (const type of [FIRST, SECOND, TYPES.config, 'application/vnd.nothing']) {
        const answer = await list(subject.digest, `?artifactType=${encodeURIComponent(type)}`);
        expect(answer.headers['oci-filters-applied']).toBe('artifactType');
        const wanted = entries.filter((each) => 'artifactType' in each && each.artifactType === type);
        expect(answer.json()).toMatchObject({ manifests: wanted });
        expect((answer.json() as { manifests: unknown[] }).manifests).toHaveLength(wanted.length);
      }
    });

    it('3.2 nothing is known of it: an empty index, also in a repository that there is not', async () => {
      for (const path of [`/v2/${NAME}/referrers/${digestOf('x')}`, `/v2/no/such/referrers/${digestOf('x')}`]) {
        const answer = await get(path);
        expect([answer.status, answer.headers['content-type']]).toEqual([200, TYPES.index]);
        expect(answer.json()).toEqual({ schemaVersion: 2, mediaType: TYPES.index, manifests: [] });
      }
    });

    it('3.2 a digest that is none: 400 (code-4)', async () => {
      const answer = await list('sha256:bad');
      expect([answer.status, answer.codes()]).toEqual([400, ['DIGEST_INVALID']]);
    });

    it('3.2 a referrer that is deleted is no longer listed', async () => {
      const subject = await newImage(registry.url, NAME);
      const artifact = await newImage(registry.url, NAME, { subject: subject.descriptor });
      await putManifest(registry.url, NAME, artifact.digest, artifact);
      await call(registry.url, 'DELETE', `/v2/${NAME}/manifests/${artifact.digest}`);
      expect((await list(subject.digest)).json()).toMatchObject({ manifests: [] });
    });

    it('3.2 what does not fit 4 MiB is behind a Link', async () => {
      const subject = await newImage(registry.url, NAME);
      const long = 'A'.repeat(500_000);
      const digests: string[] = [];
      for (let n = 0; n < 6; n++) {
        const each = indexOf([], {
          subject: subject.descriptor,
          artifactType: FIRST,
          annotations: { long, n: `${n}` },
        });
        await putManifest(registry.url, NAME, each.digest, each);
        digests.push(each.digest);
      }
      const seen: string[] = [];
      const start = `/v2/${NAME}/referrers/${subject.digest}?artifactType=${encodeURIComponent(FIRST)}`;
      for (let path: string | undefined = start, pages = 0; path !== undefined; pages++) {
        const answer = await get(path);
        expect(answer.body.length).toBeLessThanOrEqual(4 * 1024 * 1024);
        seen.push(...(answer.json() as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest));
        path = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link ?? ''))?.[1];
        expect(pages === 0 ? path : 'behind the first').toBeDefined();
      }
      expect(seen).toEqual(digests.sort());
    });
  });

  describe('3.3 Listing repositories (_catalog, as Docker has it)', () => {
    it('3.3 those that have something, in the order of ASCII, by pages', async () => {
      await using own = await startRegistryHere();
      const names = ['a', 'a-b', 'a/b', 'a/b/c', 'a0', 'b'];
      for (const name of names.toReversed()) await pushBlob(own.url, name, Buffer.from(name));
      const answer = await call(own.url, 'GET', '/v2/_catalog');
      expect([answer.status, answer.json()]).toEqual([200, { repositories: names }]);
      const page = await call(own.url, 'GET', '/v2/_catalog?n=2&last=a-b');
      expect([page.json(), page.headers.link]).toEqual([
        { repositories: ['a/b', 'a/b/c'] },
        '</v2/_catalog?last=a%2Fb%2Fc&n=2>; rel="next"',
      ]);
    });

    it.each([
      ['-1', 400],
      ['9223372036854775808', 400],
      ['x', 400],
      ['0', 200],
      ['999999999', 200],
    ])('3.3 attack 36: n=%s is answered by %i, within bounds', async (n, status) => {
      const answer = await get(`/v2/_catalog?n=${n}`);
      expect(answer.status).toBe(status);
      if (n === '0') expect(answer.json()).toEqual({ repositories: [] });
    });
  });
});
