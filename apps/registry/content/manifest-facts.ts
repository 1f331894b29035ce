import { isObject, MANIFEST_LIMIT } from '@berth/oci';
import { type ContentDigest, isContentDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';

/** What a registry needs to know of a manifest or index; everything else in it is the client's. */
export interface ManifestFacts {
  mediaType: string;
  /** Configuration and layers that must be in the repository. */
  blobs: ContentDigest[];
  /** Manifests that an index points at. */
  children: ContentDigest[];
  subject?: ContentDigest;
  /** As the referrers API tells it: the manifest's own, else the media type of its configuration. */
  artifactType?: string;
  annotations?: Record<string, string>;
}

const MANIFESTS = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);
const INDEXES = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
/** Their bytes come from elsewhere, so they need not be here. */
const FOREIGN = new Set([
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
]);
const ENTRIES_MAX = 10_000;
const TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/**
 * Reads a manifest or index that a client pushed as `contentType` (undefined: it did not say). One document has one
 * reading: what has the members of both kinds, or disagrees with its media type, is refused. Errors: MANIFEST_INVALID,
 * SIZE_INVALID.
 */
export function readManifest(bytes: Uint8Array, contentType: string | undefined): ManifestFacts {
  if (bytes.byteLength > MANIFEST_LIMIT)
    throw new RegistryError('SIZE_INVALID', `a manifest has at most ${MANIFEST_LIMIT} bytes`, { status: 413 });
  const document = parse(bytes);
  const mediaType = typeOf(document, contentType);
  const isIndex = INDEXES.has(mediaType);
  const facts: ManifestFacts = isIndex
    ? { mediaType, blobs: [], children: digests(document['manifests'], 'manifests') }
    : { mediaType, blobs: blobsOf(document), children: [] };
  const subject = subjectOf(document['subject']);
  if (subject !== undefined) facts.subject = subject;
  const artifactType = artifactTypeOf(document, isIndex);
  if (artifactType !== undefined) facts.artifactType = artifactType;
  const annotations = annotationsOf(document['annotations']);
  if (annotations) facts.annotations = annotations;
  return facts;
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new RegistryError('MANIFEST_INVALID', 'the manifest is not JSON', { cause });
  }
  if (!isObject(value)) throw wrong('is not a JSON object');
  if (value['schemaVersion'] !== 2)
    throw wrong(
      value['schemaVersion'] === 1 ? 'has schema version 1, which is out of use since 2017' : 'has no schemaVersion 2',
    );
  return value;
}

function typeOf(document: Record<string, unknown>, contentType: string | undefined): string {
  const own = document['mediaType'];
  if (own !== undefined && typeof own !== 'string') throw wrong('has a mediaType that is no string');
  const told = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  // Programs that know no better say so.
  const said = told === '' || told === 'application/json' || told === 'application/octet-stream' ? undefined : told;
  if (own !== undefined && said !== undefined && own !== said)
    throw wrong(`says media type ${quote(own)}, and came as ${quote(said)}`);
  const isIndex = 'manifests' in document;
  if (isIndex && ('layers' in document || 'config' in document))
    throw wrong('has members of a manifest and of an index');
  const type =
    own ?? said ?? (isIndex ? 'application/vnd.oci.image.index.v1+json' : 'application/vnd.oci.image.manifest.v1+json');
  if (!MANIFESTS.has(type) && !INDEXES.has(type)) throw wrong(`has the media type ${quote(type)}, which is not known`);
  if (isIndex !== INDEXES.has(type)) throw wrong(`does not have the members of its media type ${quote(type)}`);
  return type;
}

function blobsOf(document: Record<string, unknown>): ContentDigest[] {
  const layers = document['layers'];
  if (!Array.isArray(layers)) throw wrong('has no list of layers');
  const here = layers.filter((layer) => !(isObject(layer) && isForeign(layer)));
  return [...new Set([descriptor(document['config'], 'config'), ...digests(here, 'layers')])];
}

function isForeign(layer: Record<string, unknown>): boolean {
  return typeof layer['mediaType'] === 'string' && FOREIGN.has(layer['mediaType']);
}

function digests(value: unknown, what: string): ContentDigest[] {
  if (!Array.isArray(value)) throw wrong(`has no list of ${what}`);
  if (value.length > ENTRIES_MAX) throw wrong(`has more than ${ENTRIES_MAX} ${what}`);
  return [...new Set(value.map((entry, n) => descriptor(entry, `${what}[${n}]`)))];
}

function descriptor(value: unknown, where: string): ContentDigest {
  if (!isObject(value)) throw wrong(`has no descriptor at ${where}`);
  const { digest, size, mediaType } = value;
  if (!isContentDigest(digest)) throw wrong(`has no valid digest at ${where}`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw wrong(`has no valid size at ${where}`);
  if (typeof mediaType !== 'string' || !TYPE.test(mediaType)) throw wrong(`has no valid media type at ${where}`);
  return digest;
}

function subjectOf(value: unknown): ContentDigest | undefined {
  return value === undefined || value === null ? undefined : descriptor(value, 'subject');
}

function artifactTypeOf(document: Record<string, unknown>, isIndex: boolean): string | undefined {
  const own = document['artifactType'];
  if (own !== undefined && own !== '') {
    if (typeof own !== 'string' || !TYPE.test(own)) throw wrong('has no valid artifactType');
    return own;
  }
  const config = document['config'];
  return !isIndex && isObject(config) && typeof config['mediaType'] === 'string' ? config['mediaType'] : undefined;
}

function annotationsOf(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw wrong('has annotations that are no object');
  const entries = Object.entries(value).map(([name, text]): [string, string] => {
    if (typeof text !== 'string') throw wrong('has an annotation that is no string');
    return [name, text];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function wrong(what: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', `the manifest ${what}`);
}
