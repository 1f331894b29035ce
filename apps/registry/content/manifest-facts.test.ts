import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentDigest, isContentDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import { readManifest } from './manifest-facts.ts';

const digest = contentDigest('x');
const descriptor = { mediaType: 'a/b', digest, size: 1 };

/** Documents near to manifests: the right members with all kinds of values. */
const value = fc.oneof(
  fc.constantFrom<unknown>(descriptor, [descriptor], [], {}, null, 2, '', digest, { ...descriptor, size: -1 }),
  fc.jsonValue(),
);
const members = [
  'schemaVersion',
  'mediaType',
  'config',
  'layers',
  'manifests',
  'subject',
  'artifactType',
  'annotations',
];
const document = fc
  .tuple(
    fc.constantFrom<object>(
      { schemaVersion: 2, config: descriptor, layers: [descriptor] },
      { schemaVersion: 2, manifests: [descriptor], subject: descriptor },
      {},
    ),
    fc.dictionary(fc.constantFrom(...members), value, { maxKeys: 3 }),
  )
  .map(([base, change]) => ({ ...base, ...change }));

test('any document is read or refused; what is read names only valid digests', () => {
  let read = 0;
  fc.assert(
    fc.property(document, (made) => {
      try {
        const facts = readManifest(Buffer.from(JSON.stringify(made)), undefined);
        read++;
        for (const each of [...facts.blobs, ...facts.children, ...(facts.subject ? [facts.subject] : [])])
          expect(isContentDigest(each)).toBe(true);
        for (const text of Object.values(facts.annotations ?? {})) expect(typeof text).toBe('string');
      } catch (error) {
        expect(error).toBeInstanceOf(RegistryError);
        expect(error).toMatchObject({ code: 'MANIFEST_INVALID' });
      }
    }),
    { numRuns: 3_000 },
  );
  expect(read).toBeGreaterThan(10);
});

test('any bytes are refused, not fallen over', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.option(fc.string(), { nil: undefined }), (bytes, type) => {
      expect(() => readManifest(bytes, type)).toThrow(RegistryError);
    }),
  );
});

test('names that JavaScript has a use for are only names', () => {
  const text = `{"schemaVersion":2,"manifests":[],"annotations":{"__proto__":"x","constructor":"y"},"__proto__":{"config":1}}`;
  const { annotations } = readManifest(Buffer.from(text), undefined);
  expect(Object.entries(annotations ?? {})).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('the artifact type is the own one, else the type of the configuration', () => {
  const read = (more: object) =>
    readManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, ...more })), undefined).artifactType;
  expect(read({ config: descriptor, layers: [] })).toBe('a/b');
  expect(read({ config: descriptor, layers: [], artifactType: 'c/d' })).toBe('c/d');
  expect(read({ manifests: [] })).toBeUndefined();
});

test('each digest is named once, however often the document names it', () => {
  const many = Array.from({ length: 50 }, () => descriptor);
  const made = { schemaVersion: 2, config: descriptor, layers: many };
  expect(readManifest(Buffer.from(JSON.stringify(made)), undefined).blobs).toEqual([digest]);
});
