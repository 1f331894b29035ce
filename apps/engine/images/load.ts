import type { Digest } from '@berth/oci';
import { digestOf, familiarString, OCI, type Reference } from '@berth/oci';
import { decompressed } from '../archives/index.ts';
import type { LayerBlob } from './build-manifest.ts';
import { announce, type ImageContext, leaseOf } from './context.ts';
import { parseImageConfig } from './image-config.ts';
import { readDockerArchive } from './load-docker-archive.ts';
import { type ArchiveFiles, takeInFiles } from './load-files.ts';
import { readOciLayout } from './load-oci-layout.ts';
import { requirePlatform } from './local-platform.ts';
import type { Image } from './model.ts';
import { shortId } from './names.ts';
import type { LoadOptions, OnProgress } from './service.ts';

/** An image as an archive describes it, with all its content in the blob store. */
export interface LoadPlan {
  configBytes: Buffer;
  manifestBytes: Buffer;
  manifestMediaType: string;
  layers: (LayerBlob & { diffId: Digest })[];
  references: Reference[];
}

/**
 * POST /images/load. The archive is taken in as blobs first and read afterwards, since its table of contents may come
 * last; what turns out to belong to no image is removed at the end. Errors: invalid, not-supported; not-found (`platform`).
 */
export async function loadImages(
  context: ImageContext,
  archive: AsyncIterable<Uint8Array>,
  { onProgress, quiet, platform }: LoadOptions,
): Promise<Image[]> {
  await using lease = leaseOf(context);
  // What is in the archive is only known when it is here.
  lease.holdEverything();
  const files = await takeInFiles(context.content.blobs, lease, decompressed(archive));
  const plans = await planOf(files);
  if (platform !== undefined) for (const plan of plans) requirePlatformOf(plan, platform);
  const images: Image[] = [];
  for (const plan of plans) {
    for (const { digest, size, compression, diffId } of plan.layers) {
      const isNew = !lease.hasLayer(diffId);
      const progress: OnProgress = quiet || !isNew ? () => undefined : onProgress;
      const status = { status: 'Loading layer', id: shortId(diffId) };
      progress({ ...status, progressDetail: { current: 0, total: size } });
      await lease.unpack({ diffId, compression, source: { blob: digest }, size });
      progress({ ...status, progressDetail: { current: size, total: size } });
    }
    const { layers: _, ...request } = plan;
    tellMovedTags(context, plan, onProgress);
    const image = await lease.addImage(request);
    for (const reference of plan.references) onProgress({ stream: `Loaded image: ${familiarString(reference)}\n` });
    if (plan.references.length === 0) onProgress({ stream: `Loaded image ID: ${image.id}\n` });
    announce(context, 'load', image.id, image.id);
    images.push(image);
  }
  return images;
}

function planOf(files: ArchiveFiles): Promise<LoadPlan[]> {
  // Docker writes both tables of contents. One of them is read: the one that names manifests by digest.
  return files.document('oci-layout') !== undefined && files.document('index.json') !== undefined
    ? readOciLayout(files)
    : readDockerArchive(files);
}

function requirePlatformOf({ configBytes, references: [reference] }: LoadPlan, platform: string): void {
  const name = reference === undefined ? digestOf(configBytes) : familiarString(reference);
  requirePlatform({ config: parseImageConfig(configBytes) }, name, platform);
}

function tellMovedTags({ store }: ImageContext, { configBytes, references }: LoadPlan, onProgress: OnProgress): void {
  const id = digestOf(configBytes);
  for (const reference of references) {
    const before = store.imageByReference(reference);
    if (before === undefined || before.id === id) continue;
    onProgress({
      stream: `The image ${familiarString(reference)} already exists, renaming the old one with ID ${before.id} to empty string\n`,
    });
  }
}

/** Media type of the manifests that are made for archives without one. */
export const MADE_MANIFEST: string = OCI.manifest;
