import { expect, test } from 'vitest';
import { digestOf, parseDigest } from './digest.ts';
import { MANIFEST_LIMIT, parseManifest } from './manifest.ts';
import { DOCKER, OCI } from './media-types.ts';

const descriptor = (mediaType: string) => ({ mediaType, digest: digestOf(mediaType), size: 10 });
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const manifest = {
  schemaVersion: 2,
  mediaType: OCI.manifest,
  config: descriptor(OCI.config),
  layers: [descriptor(OCI.layerGzip)],
};
const index = {
  schemaVersion: 2,
  mediaType: OCI.index,
  manifests: [{ ...descriptor(OCI.manifest), platform: { os: 'linux', architecture: 'amd64' } }],
};
const without = (value: object) => ({ ...value, mediaType: undefined });

test('reads manifests and indexes, with and without their own media type', () => {
  expect(parseManifest(bytes(manifest), OCI.manifest)).toMatchObject({ kind: 'manifest', manifest });
  expect(parseManifest(bytes(index), OCI.index)).toMatchObject({ kind: 'index', index });
  expect(parseManifest(bytes(without(manifest)), DOCKER.manifest)).toMatchObject({
    manifest: { mediaType: DOCKER.manifest },
  });
  expect(parseManifest(bytes(without(manifest)), undefined)).toMatchObject({ manifest: { mediaType: OCI.manifest } });
  expect(parseManifest(bytes(without(index)), undefined)).toMatchObject({ index: { mediaType: OCI.index } });
});

test.each([
  ['both kinds', { ...manifest, manifests: [] }, undefined],
  ['both kinds, as index', { ...without(index), layers: [] }, OCI.index],
  ['media type of the other kind', { ...manifest, mediaType: OCI.index }, OCI.index],
  ['header disagrees', manifest, DOCKER.manifest],
  ['header of the other kind', without(manifest), OCI.index],
  ['index by header only', without(index), OCI.manifest],
  ['foreign media type', without(manifest), 'application/json'],
  ['null manifests', { ...without(manifest), manifests: null }, undefined],
  ['no version', { ...manifest, schemaVersion: undefined }, undefined],
  ['version as text', { ...manifest, schemaVersion: '2' }, undefined],
  ['no config', { ...manifest, config: undefined }, undefined],
  ['layers no list', { ...manifest, layers: {} }, undefined],
  ['negative size', { ...manifest, config: { ...manifest.config, size: -1 } }, undefined],
  ['huge size', { ...manifest, config: { ...manifest.config, size: 2 ** 63 } }, undefined],
  ['digest that is a path', { ...manifest, config: { ...manifest.config, digest: 'sha256:../../x' } }, undefined],
  ['list', [], undefined],
])('refuses: %s', (_name, document, mediaType) => {
  expect(() => parseManifest(bytes(document), mediaType)).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('refuses what is not JSON, too long, or schema 1', () => {
  expect(() => parseManifest(Buffer.from('{'), undefined)).toThrow('it is not JSON');
  expect(() => parseManifest(Buffer.alloc(MANIFEST_LIMIT + 1, ' '), undefined)).toThrow('is larger than');
  expect(() => parseManifest(Buffer.from('['.repeat(1_000_000)), undefined)).toThrow('it is not JSON');
  expect(() => parseManifest(bytes({ schemaVersion: 1 }), undefined)).toThrow('schema 1 is not supported');
});

test.each([
  'sha256:../../x',
  `sha256:${'A'.repeat(64)}`,
  'sha256:',
  '',
  `sha256:${'a'.repeat(63)}`,
  `sha256:${'a'.repeat(65)}`,
  `md5:${'a'.repeat(32)}`,
  `sha256:${'a'.repeat(64)}\n`,
  5,
  null,
])('no digest: %j', (text) => {
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
});
