import { BerthError } from '@berth/kit';
import {
  type Descriptor,
  type Digest,
  DOCKER,
  isIndexType,
  layerCompression,
  MANIFEST_LIMIT,
  OCI,
  parseManifest,
  parseReference,
  type Reference,
} from '@berth/oci';
import { sniffCompression } from '../archives/index.ts';
import { CONFIG_LIMIT, parseImageConfig } from './image-config.ts';
import type { LoadPlan } from './load.ts';
import { type ArchiveFiles, broken } from './load-files.ts';
import { parseJson } from './parse-json.ts';
import { hostPlatform, selectManifest } from './pull-platform.ts';

const NESTING_MAX = 4;
const CONTAINERD_NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * Reads `index.json` of an OCI image layout (image-spec image-layout.md). Of an index in it the image for this host is
 * taken. Everything is found by digest, so names in the archive do not matter. Errors: invalid, not-supported.
 */
export async function readOciLayout(files: ArchiveFiles): Promise<LoadPlan[]> {
  const layout = parseJson(files.document('oci-layout')!, 'oci-layout') as { imageLayoutVersion?: unknown } | null;
  if (layout?.imageLayoutVersion !== '1.0.0') {
    throw new BerthError('not-supported', 'this version of the OCI image layout is not supported');
  }
  const top = parseManifest(files.document('index.json')!, OCI.index);
  if (top.kind !== 'index') throw broken('index.json is no index');
  const plans = new Map<string, LoadPlan>();
  for (const descriptor of top.index.manifests) {
    const found = await findManifest(files, descriptor, 0);
    if (found === undefined) continue;
    const references = namesOf(descriptor);
    const known = plans.get(found.digest);
    if (known) known.references.push(...references);
    else plans.set(found.digest, { ...(await readImage(files, found)), references });
  }
  if (plans.size === 0) throw broken('it has no image for this platform');
  return [...plans.values()];
}

/** The manifest that a descriptor leads to; undefined for what is no image (attestations and other artifacts). */
async function findManifest(
  files: ArchiveFiles,
  descriptor: Descriptor,
  depth: number,
): Promise<Descriptor | undefined> {
  if (depth > NESTING_MAX) throw broken('its indexes are nested too deeply');
  if (!isIndexType(descriptor.mediaType)) return descriptor;
  const document = parseManifest(await read(files, descriptor, MANIFEST_LIMIT), descriptor.mediaType);
  if (document.kind !== 'index') throw broken('a manifest was named as an index');
  const here = document.index.manifests.filter((entry) => files.byDigest(entry.digest) !== undefined);
  const chosen = selectManifest(here, hostPlatform()) ?? here.find((entry) => entry.platform?.os !== 'unknown');
  return chosen && findManifest(files, chosen, depth + 1);
}

async function readImage(files: ArchiveFiles, descriptor: Descriptor): Promise<Omit<LoadPlan, 'references'>> {
  return planOfManifest(files, await read(files, descriptor, MANIFEST_LIMIT), descriptor.mediaType);
}

/** An image by its manifest, the rest by digest. Errors: invalid, not-supported. */
export async function planOfManifest(
  files: ArchiveFiles,
  manifestBytes: Buffer,
  said: string | undefined,
): Promise<Omit<LoadPlan, 'references'>> {
  const document = parseManifest(manifestBytes, said);
  if (document.kind !== 'manifest') throw broken('an index was named as a manifest');
  const { config, layers, mediaType } = document.manifest;
  if (config.mediaType !== OCI.config && config.mediaType !== DOCKER.config) {
    throw new BerthError(
      'not-supported',
      `this is no container image: its configuration is ${JSON.stringify(config.mediaType)}`,
    );
  }
  const configBytes = await read(files, config, CONFIG_LIMIT);
  const diffIds = parseImageConfig(configBytes).rootfs.diff_ids;
  if (diffIds.length !== layers.length) {
    throw broken(`invalid manifest, layers length mismatch: expected ${diffIds.length}, got ${layers.length}`);
  }
  return {
    configBytes,
    manifestBytes,
    manifestMediaType: mediaType,
    layers: await Promise.all(layers.map((layer, n) => readLayer(files, layer, diffIds[n]!))),
  };
}

/** Compression is told from the content: some programs write a type that was that of a layer before they unpacked it. */
async function readLayer(
  files: ArchiveFiles,
  { mediaType, digest, size }: Descriptor,
  diffId: Digest,
): Promise<LoadPlan['layers'][number]> {
  if (layerCompression(mediaType) === undefined) {
    throw new BerthError('not-supported', `unsupported layer media type: ${JSON.stringify(mediaType)}`);
  }
  const file = files.byDigest(digest);
  if (file === undefined) throw broken(`layer ${digest} is not in it`);
  const compression = sniffCompression(await files.head(file));
  if (compression === 'xz' || compression === 'bzip2') {
    throw new BerthError(
      'not-supported',
      `layer ${digest} is compressed with ${compression}, which no manifest can say`,
    );
  }
  return { digest, size, compression, diffId };
}

async function read(files: ArchiveFiles, { digest, size }: Descriptor, limit: number): Promise<Buffer> {
  const file = files.byDigest(digest);
  if (file === undefined) throw broken(`${digest} is not in it`);
  if (file.size !== size) throw broken(`${digest} has ${file.size} bytes, its descriptor says ${size}`);
  return files.read(file, limit);
}

/** A bare `latest`, as many tools write it, names no repository. */
function namesOf({ annotations }: Descriptor): Reference[] {
  const name = annotations?.[CONTAINERD_NAME] ?? annotations?.[REF_NAME];
  if (name === undefined || !/[:/]/.test(name)) return [];
  const reference = parseReference(name);
  return reference.tag === undefined ? [] : [{ domain: reference.domain, path: reference.path, tag: reference.tag }];
}
