import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { BerthError } from '@berth/kit';
import {
  type Descriptor,
  digestOf,
  encodeTarFile,
  encodeTarHeader,
  hexOf,
  layerCompression,
  MANIFEST_LIMIT,
  OCI,
  parseManifest,
  TAR_END,
  tarPadding,
} from '@berth/oci';
import { type Artifact, artifactManifest, type FoundArtifact } from './artifacts.ts';
import { CONFIG_LIMIT } from './image-config.ts';
import { pairLayers } from './pull-layers.ts';
import type { ContentLease, Images } from './service.ts';

/** An artifact as an OCI image layout. What it is made of stays until `close`. */
export interface ArtifactLayout {
  /** A tar of its files. */
  archive(): AsyncGenerator<Buffer, void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Makes a layout of an artifact, its layers compressed. */
export async function artifactLayout(images: Images, artifact: Artifact, signal: AbortSignal): Promise<ArtifactLayout> {
  const lease = images.lease();
  try {
    const layers: Descriptor[] = [];
    for (const { descriptor } of artifact.layers) layers.push(await compressed(images, lease, descriptor, signal));
    return { archive: () => archive(images, artifact, layers), close: () => lease.close() };
  } catch (error) {
    await lease.close();
    throw error;
  }
}

async function compressed(
  { blobs, gzipped }: Images,
  lease: ContentLease,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Descriptor> {
  lease.hold(descriptor.digest);
  if (layerCompression(descriptor.mediaType) !== 'none') return descriptor;
  for (;;) {
    const stored = await blobs.put(gzipped(descriptor.digest, signal));
    lease.hold(stored.digest);
    // It could not be held before its digest was known: someone else's may have gone in between.
    if (await blobs.has(stored.digest)) return { ...stored, mediaType: OCI.layerGzip };
  }
}

async function* archive(
  images: Images,
  artifact: Artifact,
  layers: readonly Descriptor[],
): AsyncGenerator<Buffer, void> {
  const manifest = artifactManifest(artifact, layers);
  const { artifactType } = artifact;
  const entry = { mediaType: OCI.manifest, digest: digestOf(manifest), size: manifest.byteLength, artifactType };
  const index = { schemaVersion: 2, mediaType: OCI.index, manifests: [entry] };
  const file = (name: string, content: Uint8Array) => encodeTarFile({ name, mode: 0o644 }, content);
  const sent = new Set<string>();
  for (const { digest, size } of layers) {
    if (sent.has(digest)) continue;
    sent.add(digest);
    yield encodeTarHeader({ name: blobPath(digest), type: 'file', size, mode: 0o644 });
    for await (const chunk of images.blobs.createReadStream(digest)) yield chunk as Buffer;
    yield tarPadding(size);
  }
  for (const content of [artifact.config, manifest]) yield file(blobPath(digestOf(content)), content);
  yield file('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })));
  // The last: whoever finds it finds all that it names.
  yield file('index.json', Buffer.from(JSON.stringify(index)));
  yield TAR_END;
}

/** A plain file of somebody's layout as it lies here. */
export type LayoutFile = { path: string; size: number } | undefined;

/**
 * Reads the artifact of a layout that anybody may have written. Errors: not-found (no index, no blob), invalid,
 * not-supported.
 */
export async function readArtifactLayout(
  images: Images,
  fileOf: (name: string) => LayoutFile,
  signal: AbortSignal,
): Promise<FoundArtifact> {
  const document = async (name: string, limit: number) => {
    const file = fileOf(name);
    if (!file) throw new BerthError('not-found', `not found: there is no ${name}`);
    if (file.size > limit) throw new BerthError('invalid', `${name} is larger than ${limit} bytes`);
    return readFile(file.path);
  };
  const blob = async ({ digest }: Descriptor, limit: number) => {
    const bytes = await document(blobPath(digest), limit);
    if (digestOf(bytes) !== digest) throw new BerthError('invalid', `${blobPath(digest)} has another content`);
    return bytes;
  };
  const top = parseManifest(await document('index.json', MANIFEST_LIMIT), OCI.index);
  const [entry] = top.kind === 'index' ? top.index.manifests : [];
  if (!entry) throw new BerthError('invalid', 'index.json names nothing');
  const found = parseManifest(await blob(entry, MANIFEST_LIMIT), entry.mediaType);
  if (found.kind !== 'manifest') throw new BerthError('not-supported', 'it is an index of an index');
  const { manifest } = found;
  return {
    manifest,
    config: await blob(manifest.config, CONFIG_LIMIT),
    pair: (diffIds) => pairLayers(manifest.layers, diffIds),
    bring: async ({ descriptor, diffId }) => {
      const { digest, size, mediaType } = descriptor;
      await using lease = images.lease();
      lease.hold(digest);
      if (!(await images.blobs.has(digest))) {
        const file = fileOf(blobPath(digest));
        if (!file) throw new BerthError('not-found', `not found: there is no ${blobPath(digest)}`);
        await images.blobs.put(createReadStream(file.path, { signal }), { digest, size });
      }
      const compression = layerCompression(mediaType) ?? 'none';
      await lease.unpack({ diffId, compression, size, signal, source: { blob: digest } });
    },
  };
}

const blobPath = (digest: Descriptor['digest']) => `blobs/sha256/${hexOf(digest)}`;
