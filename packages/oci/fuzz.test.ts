import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf, hexOf, isDigest, parseDigest } from './digest.ts';
import { parseManifest } from './manifest.ts';
import { DOCKER, OCI } from './media-types.ts';
import { parseReference } from './reference.ts';

const RUNS = { numRuns: 2000 };
const GOOD = digestOf('good');

/** Text that is nearly a digest. */
const nearly = fc
  .tuple(
    fc.constantFrom('sha256:', 'sha512:', 'SHA256:', 'sha256', 'md5:', '', 'sha256:sha256:'),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefABF/.:\n\0é'), maxLength: 70 }),
    fc.constantFrom('', '0'.repeat(32), 'a'.repeat(64), 'f'.repeat(63)),
  )
  .map((parts) => parts.join(''));

const descriptor = fc.record(
  {
    mediaType: fc.constantFrom<unknown>(...Object.values(OCI), ...Object.values(DOCKER), 'x', '', 5, null),
    digest: fc.oneof(fc.constant<unknown>(GOOD), nearly, fc.constantFrom<unknown>(null, 7, {}, [GOOD])),
    size: fc.oneof(fc.nat(), fc.constantFrom<unknown>(-1, 0.5, 2 ** 60, '5', null, Number.MAX_SAFE_INTEGER)),
    urls: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
    annotations: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
    platform: fc.oneof(fc.record({ os: fc.string(), architecture: fc.string(), variant: fc.string() }), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const goodDescriptor = fc.record({
  mediaType: fc.constantFrom(OCI.manifest, OCI.config, OCI.layerGzip),
  digest: fc.constant(GOOD),
  size: fc.nat(),
});
const document = fc.record(
  {
    schemaVersion: fc.constantFrom<unknown>(2, 2, 2, 1, '2', null),
    mediaType: fc.constantFrom<unknown>(OCI.manifest, OCI.index, DOCKER.manifest, DOCKER.index, 'x', 5),
    config: fc.oneof(goodDescriptor, descriptor, fc.jsonValue()),
    layers: fc.oneof(fc.array(goodDescriptor), fc.array(descriptor), fc.jsonValue()),
    manifests: fc.oneof(fc.array(goodDescriptor), fc.array(descriptor), fc.jsonValue()),
    annotations: fc.jsonValue(),
    subject: fc.oneof(goodDescriptor, fc.jsonValue()),
    __proto__: fc.jsonValue(),
  },
  { requiredKeys: ['schemaVersion'] },
);
const said = fc.constantFrom(undefined, OCI.manifest, OCI.index, DOCKER.manifest, DOCKER.index, 'application/json');

/** What a reading gives, or `refused`; anything but a refusal of the library's own fails the test. */
function reading(bytes: Uint8Array, mediaType: string | undefined) {
  try {
    return parseManifest(bytes, mediaType);
  } catch (error) {
    expect(error).toMatchObject({ name: 'BerthError', code: expect.stringMatching(/^(invalid|not-supported)$/) });
    return 'refused';
  }
}

describe('digests', () => {
  test('only the canonical form passes, and what passes is a plain file name', () => {
    fc.assert(
      fc.property(nearly, (text) => {
        if (isDigest(text)) {
          expect(hexOf(parseDigest(text))).toMatch(/^[0-9a-f]{64}$/);
          expect(text).toBe(`sha256:${hexOf(text)}`);
        } else expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
      }),
      RUNS,
    );
  });

  test('a reference takes no other digest either', () => {
    fc.assert(
      fc.property(nearly, (text) => {
        let digest: string | undefined;
        try {
          digest = parseReference(`a@${text}`).digest;
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid' });
        }
        expect(digest === undefined || isDigest(digest)).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('manifests', () => {
  test('any document is read or refused, and all that is read is checked', () => {
    fc.assert(
      fc.property(document, said, (value, mediaType) => {
        const read = reading(Buffer.from(JSON.stringify(value)), mediaType);
        if (read === 'refused') return;
        const found = read.kind === 'index' ? read.index.manifests : [read.manifest.config, ...read.manifest.layers];
        for (const { digest, size } of found) {
          expect(isDigest(digest)).toBe(true);
          expect(Number.isSafeInteger(size) && size >= 0).toBe(true);
        }
      }),
      RUNS,
    );
  });

  test('a document has one reading, whatever is said about it', () => {
    fc.assert(
      fc.property(document, (value) => {
        const bytes = Buffer.from(JSON.stringify(value));
        const readings = [undefined, OCI.manifest, OCI.index, DOCKER.manifest, DOCKER.index]
          .map((mediaType) => reading(bytes, mediaType))
          .filter((read) => read !== 'refused');
        expect(new Set(readings.map(({ kind }) => kind)).size).toBeLessThanOrEqual(1);
      }),
      RUNS,
    );
  });

  test('bytes that are no document are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), said, (bytes, mediaType) => {
        expect(reading(bytes, mediaType)).toBe('refused');
      }),
      RUNS,
    );
  });
});
