import { BerthError } from '@berth/kit';
import { type Descriptor, isObject, parseAnnotations, parseDescriptor } from './descriptor.ts';
import { DOCKER, isIndexType, isManifestType, OCI } from './media-types.ts';

/** An image manifest, OCI's or Docker's schema 2. */
export interface Manifest {
  schemaVersion: 2;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations?: Record<string, string>;
  artifactType?: string;
  subject?: Descriptor;
}

/** An image index, OCI's or Docker's manifest list. */
export interface Index {
  schemaVersion: 2;
  mediaType: string;
  manifests: Descriptor[];
  annotations?: Record<string, string>;
}

export type ManifestDocument = { kind: 'manifest'; manifest: Manifest } | { kind: 'index'; index: Index };

/** Longest manifest or index, in bytes, as registries and containerd bound it. */
export const MANIFEST_LIMIT = 4 * 1024 * 1024;
/** More than any file system takes; an index may name this many manifests as well. */
const ENTRY_LIMIT = 10_000;

/**
 * Reads a manifest or index. `mediaType` is what the transport or the pointing descriptor said, undefined when nothing
 * did. One document has one reading: what has the members of both kinds, or disagrees with its media type, is refused
 * (the CVE-2021-41190 family). Errors: invalid; not-supported for schema 1.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string | undefined): ManifestDocument {
  if (bytes.byteLength > MANIFEST_LIMIT) throw wrong(`is larger than ${MANIFEST_LIMIT} bytes`);
  const document = parseObject(bytes);
  if (document.schemaVersion === 1 || mediaType === DOCKER.schema1 || mediaType === DOCKER.schema1Signed) {
    throw new BerthError('not-supported', 'image manifest version 2, schema 1 is not supported', {
      hint: 'Push the image again with a current tool: schema 1 has been out of use since 2017.',
    });
  }
  if (document.schemaVersion !== 2) throw wrong('has no schemaVersion 2');
  const own = document.mediaType;
  if (own !== undefined && typeof own !== 'string') throw wrong('has a mediaType that is no string');
  if (own !== undefined && mediaType !== undefined && own !== mediaType) {
    throw wrong(`says media type ${JSON.stringify(own)}, and came as ${JSON.stringify(mediaType)}`);
  }
  const hasManifests = 'manifests' in document;
  if (hasManifests && ('layers' in document || 'config' in document))
    throw wrong('has members of a manifest and of an index');
  const type = own ?? mediaType ?? (hasManifests ? OCI.index : OCI.manifest);
  if (hasManifests !== isIndexType(type) || hasManifests === isManifestType(type)) {
    throw wrong(`does not have the members of its media type ${JSON.stringify(type)}`);
  }
  return hasManifests
    ? { kind: 'index', index: toIndex(document, type) }
    : { kind: 'manifest', manifest: toManifest(document, type) };
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new BerthError('invalid', 'invalid manifest: it is not JSON', { cause });
  }
  if (!isObject(value)) throw wrong('is not a JSON object');
  return value;
}

function toManifest(document: Record<string, unknown>, mediaType: string): Manifest {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType,
    config: parseDescriptor(document.config, 'manifest config'),
    layers: descriptors(document.layers, 'layer'),
  };
  if (isObject(document.annotations)) manifest.annotations = parseAnnotations(document.annotations, 'manifest');
  if (typeof document.artifactType === 'string') manifest.artifactType = document.artifactType;
  if (isObject(document.subject)) manifest.subject = parseDescriptor(document.subject, 'manifest subject');
  return manifest;
}

function toIndex(document: Record<string, unknown>, mediaType: string): Index {
  const index: Index = { schemaVersion: 2, mediaType, manifests: descriptors(document.manifests, 'index entry') };
  if (isObject(document.annotations)) index.annotations = parseAnnotations(document.annotations, 'index');
  return index;
}

function descriptors(value: unknown, what: string): Descriptor[] {
  if (!Array.isArray(value)) throw wrong(`has no list of ${what} descriptors`);
  if (value.length > ENTRY_LIMIT) throw wrong(`has more than ${ENTRY_LIMIT} entries`);
  return value.map((entry, n) => parseDescriptor(entry, `${what} ${n}`));
}

function wrong(what: string): BerthError {
  return new BerthError('invalid', `invalid manifest: it ${what}`);
}
