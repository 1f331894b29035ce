import { BerthError } from '@berth/kit';
import {
  type Descriptor,
  type Digest,
  DOCKER,
  digestOf,
  familiarString,
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
import type { LoadPlan, MemberPlan } from './load.ts';
import { type ArchiveFiles, broken } from './load-files.ts';
import { parseJson } from './parse-json.ts';
import { hostPlatform, parsePlatform, selectPlatform } from './pull-platform.ts';
import { doesNotProvide } from './resolve.ts';

const NESTING_MAX = 4;
const INDEXES_MAX = 16;
const ABOUT_DIGEST = 'vnd.docker.reference.digest';
const CONTAINERD_NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

/** More manifests than any archive has: what small archives may make of this engine's time. */
const MANIFESTS_MAX = 1000;

/**
 * Reads `index.json` of an OCI image layout (image-spec image-layout.md). Of an index in it come all platforms that are
 * there, under the one for this host; with `platform` only that one. Everything is found by digest, so names in the
 * archive do not matter. Errors: invalid, not-supported; not-found (`platform`).
 */
export async function readOciLayout(files: ArchiveFiles, platform: string | undefined): Promise<LoadPlan[]> {
  const layout = parseJson(files.document('oci-layout')!, 'oci-layout') as { imageLayoutVersion?: unknown } | null;
  if (layout?.imageLayoutVersion !== '1.0.0') {
    throw new BerthError('not-supported', 'this version of the OCI image layout is not supported');
  }
  const top = parseManifest(files.document('index.json')!, OCI.index);
  if (top.kind !== 'index') throw broken('index.json is no index');
  const plans = new Map<string, LoadPlan | undefined>();
  for (const descriptor of top.index.manifests) {
    if (!plans.has(descriptor.digest)) plans.set(descriptor.digest, await planOfEntry(files, descriptor, platform));
    plans.get(descriptor.digest)?.references.push(...namesOf(descriptor));
  }
  const found = [...plans.values()].filter((plan) => plan !== undefined);
  if (found.length === 0) throw broken('it has no image');
  return found;
}

/** The image that an entry of `index.json` leads to; undefined for what is none. */
async function planOfEntry(
  files: ArchiveFiles,
  descriptor: Descriptor,
  platform: string | undefined,
): Promise<LoadPlan | undefined> {
  if (isAbout(descriptor)) return undefined;
  const group: Group = { indexes: [], images: new Map(), attestations: [] };
  await gather(files, descriptor, group, 0);
  const plans: MemberPlan[] = [];
  for (const one of group.images.values()) {
    // Of an index, only some platforms may have been saved.
    if (group.indexes.length > 0 && !(await isWhole(files, one))) continue;
    plans.push(await planOfManifest(files, await read(files, one, MANIFEST_LIMIT), one.mediaType));
  }
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform);
  const fits = selectPlatform(plans, ({ configBytes }) => parseImageConfig(configBytes), wanted);
  const main = fits ?? plans[0];
  if (main === undefined) return undefined;
  if (platform !== undefined && fits === undefined) {
    const [name] = namesOf(descriptor);
    throw doesNotProvide(name === undefined ? digestOf(main.configBytes) : familiarString(name), wanted);
  }
  const members = platform === undefined ? plans.filter((plan) => plan !== main) : [];
  const taken = [main, ...members].map(({ manifestBytes }) => digestOf(manifestBytes));
  const about = group.attestations.filter(({ annotations }) =>
    taken.some((one) => one === annotations?.[ABOUT_DIGEST]),
  );
  const related = [...group.indexes, ...(await Promise.all(about.map((one) => blobsOf(files, one)))).flat()];
  return { ...main, references: [], related: [...new Set(related)], members };
}

interface Group {
  indexes: Digest[];
  images: Map<Digest, Descriptor>;
  attestations: Descriptor[];
}

/** Follows indexes, each once, to the manifests that are in the archive. */
async function gather(files: ArchiveFiles, descriptor: Descriptor, group: Group, depth: number): Promise<void> {
  if (depth > NESTING_MAX) throw broken('its indexes are nested too deeply');
  if (!isIndexType(descriptor.mediaType)) {
    if (isAbout(descriptor)) group.attestations.push(descriptor);
    else group.images.set(descriptor.digest, descriptor);
    if (group.images.size > MANIFESTS_MAX || group.attestations.length > MANIFESTS_MAX)
      throw broken(`it has more than ${MANIFESTS_MAX} manifests`);
    return;
  }
  if (group.indexes.includes(descriptor.digest)) return;
  if (group.indexes.length >= INDEXES_MAX) throw broken(`it has more than ${INDEXES_MAX} indexes in one image`);
  group.indexes.push(descriptor.digest);
  const document = parseManifest(await read(files, descriptor, MANIFEST_LIMIT), descriptor.mediaType);
  if (document.kind !== 'index') throw broken('a manifest was named as an index');
  for (const entry of document.index.manifests) {
    if (files.byDigest(entry.digest) !== undefined) await gather(files, entry, group, depth + 1);
  }
}

/** Speaks of an image and is none: attestations, as BuildKit writes them. */
function isAbout({ annotations, platform }: Descriptor): boolean {
  return annotations?.[ABOUT_DIGEST] !== undefined || platform?.os === 'unknown';
}

async function isWhole(files: ArchiveFiles, descriptor: Descriptor): Promise<boolean> {
  const document = parseManifest(await read(files, descriptor, MANIFEST_LIMIT), descriptor.mediaType);
  if (document.kind !== 'manifest') return false;
  const { config, layers } = document.manifest;
  return [config, ...layers].every(({ digest }) => files.byDigest(digest) !== undefined);
}

/** A manifest and what is there of all that it names. */
async function blobsOf(files: ArchiveFiles, descriptor: Descriptor): Promise<Digest[]> {
  const document = parseManifest(await read(files, descriptor, MANIFEST_LIMIT), descriptor.mediaType);
  const named = document.kind === 'manifest' ? [document.manifest.config, ...document.manifest.layers] : [];
  return [descriptor, ...named].map(({ digest }) => digest).filter((digest) => files.byDigest(digest) !== undefined);
}

/** An image by its manifest, the rest by digest. Errors: invalid, not-supported. */
export async function planOfManifest(
  files: ArchiveFiles,
  manifestBytes: Buffer,
  said: string | undefined,
): Promise<MemberPlan> {
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
