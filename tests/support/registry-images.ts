import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { FakeRegistry } from './registry-fake.ts';
import { type TarEntry, tar } from './tar.ts';

type Digest = `sha256:${string}`;

/** A manifest or an index with all that it points at. */
export interface MadeImage {
  mediaType: string;
  bytes: Buffer;
  digest: Digest;
  /** Configurations, layers and manifests, by digest; without the top document itself. */
  blobs: Map<Digest, Buffer>;
  /** Of an image, not of an index. */
  configDigest: Digest;
  layerDigests: Digest[];
  platform: { os: string; architecture: string; variant?: string };
}

export interface ImageToMake {
  /** From the bottom to the top; each layer by its files. */
  layers: TarEntry[][];
  compression?: 'gzip' | 'zstd' | 'none';
  platform?: { os: string; architecture: string; variant?: string };
  /** Docker's media types instead of OCI's; not for zstd. */
  docker?: boolean;
  /** The `config` member of the configuration. */
  config?: object;
}

export const HOST_PLATFORM = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' };

const TYPES = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar',
    suffix: { none: '', gzip: '+gzip', zstd: '+zstd' },
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar',
    suffix: { none: '', gzip: '.gzip', zstd: '.zstd' },
  },
};

/** Makes an image in memory. Equal recipes give equal bytes. */
export function makeImage(recipe: ImageToMake): MadeImage {
  const { layers, compression = 'gzip', platform = HOST_PLATFORM, docker = false, config = {} } = recipe;
  const types = docker ? TYPES.docker : TYPES.oci;
  const archives = layers.map(tar);
  const packed = archives.map((archive) => compress(archive, compression));
  const configBytes = json({
    ...platform,
    created: '2024-01-01T00:00:00Z',
    config,
    rootfs: { type: 'layers', diff_ids: archives.map(sha256) },
    history: archives.map((_, n) => ({ created: '2024-01-01T00:00:00Z', created_by: `layer ${n}` })),
  });
  const bytes = json({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(types.config, configBytes),
    layers: packed.map((layer) => descriptor(types.layer + types.suffix[compression], layer)),
  });
  const blobs = new Map([configBytes, ...packed].map((blob) => [sha256(blob), blob]));
  return {
    mediaType: types.manifest,
    bytes,
    digest: sha256(bytes),
    blobs,
    configDigest: sha256(configBytes),
    layerDigests: packed.map(sha256),
    platform,
  };
}

/** An index of images; what describes it as an image is that of the first. */
export function makeIndex(images: readonly MadeImage[], { docker = false } = {}): MadeImage {
  const mediaType = docker ? TYPES.docker.index : TYPES.oci.index;
  const manifests = images.map((image) => ({ ...descriptor(image.mediaType, image.bytes), platform: image.platform }));
  const bytes = json({ schemaVersion: 2, mediaType, manifests });
  const blobs = new Map(images.flatMap((image) => [...image.blobs, [image.digest, image.bytes] as const]));
  return { ...images[0]!, mediaType, bytes, digest: sha256(bytes), blobs };
}

/** Puts an image or index into a fake registry. */
export function publish(registry: FakeRegistry, repository: string, tag: string, image: MadeImage): void {
  for (const [digest, bytes] of image.blobs) {
    registry.blobs.set(digest, bytes);
    if (isDocument(bytes)) registry.manifests.set(`${repository}@${digest}`, { mediaType: mediaTypeOf(bytes), bytes });
  }
  for (const key of [`${repository}:${tag}`, `${repository}@${image.digest}`]) {
    registry.manifests.set(key, { mediaType: image.mediaType, bytes: image.bytes });
  }
}

/** Writes an OCI layout that skopeo reads as `oci:DIR:TAG`. */
export function writeLayout(dir: string, tag: string, image: MadeImage): void {
  const blobs = path.join(dir, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  for (const [digest, bytes] of [...image.blobs, [image.digest, image.bytes] as const]) {
    writeFileSync(path.join(blobs, digest.slice('sha256:'.length)), bytes);
  }
  writeFileSync(path.join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const named = {
    ...descriptor(image.mediaType, image.bytes),
    annotations: { 'org.opencontainers.image.ref.name': tag },
  };
  writeFileSync(path.join(dir, 'index.json'), json({ schemaVersion: 2, manifests: [named] }));
}

function compress(archive: Buffer, compression: 'gzip' | 'zstd' | 'none'): Buffer {
  if (compression === 'none') return archive;
  return compression === 'gzip' ? gzipSync(archive) : zstdCompressSync(archive);
}

function descriptor(mediaType: string, bytes: Buffer) {
  return { mediaType, digest: sha256(bytes), size: bytes.byteLength };
}

function isDocument(bytes: Buffer): boolean {
  return bytes.subarray(0, 18).toString() === '{"schemaVersion":2';
}

function mediaTypeOf(bytes: Buffer): string {
  return (JSON.parse(bytes.toString()) as { mediaType: string }).mediaType;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(bytes: Buffer): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
