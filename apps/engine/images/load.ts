import type { Digest } from '@berth/oci';
import { digestOf, familiarString, OCI, type Reference } from '@berth/oci';
import { decompressed } from '../archives/index.ts';
import type { LayerBlob } from './build-manifest.ts';
import { announce, type ImageContext, leaseOf } from './context.ts';
import { readDockerArchive } from './load-docker-archive.ts';
import { type ArchiveFiles, takeInFiles } from './load-files.ts';
import { readOciLayout } from './load-oci-layout.ts';
import type { Image } from './model.ts';
import { shortId } from './names.ts';
import type { AddImageRequest, ContentLease, LoadOptions, OnProgress } from './service.ts';

/** One platform of an image as an archive describes it, with all its content in the blob store. */
export interface MemberPlan {
  configBytes: Buffer;
  manifestBytes: Buffer;
  manifestMediaType: string;
  layers: (LayerBlob & { diffId: Digest })[];
}

/** An image: its platform for this host, and what else there is of it. */
export interface LoadPlan extends MemberPlan {
  references: Reference[];
  /** The index that it is in, and what speaks of it. */
  related: Digest[];
  /** Its other platforms. */
  members: MemberPlan[];
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
  const images: Image[] = [];
  for (const plan of await planOf(files, platform)) {
    const { layers: _, members, ...request } = plan;
    const showLayers = quiet ? () => undefined : onProgress;
    for (const one of [plan, ...members]) {
      // The disk has its work while layers are unpacked; what an error leaves of it is swept.
      const flushed = context.content.makeDurable(one.layers.map(({ digest }) => digest));
      flushed.catch(() => undefined);
      await unpackLayers(lease, one, showLayers);
      await flushed;
    }
    tellMovedTags(context, plan, onProgress);
    const image = await addWithMembers(context, lease, members, request);
    for (const reference of plan.references) onProgress({ stream: `Loaded image: ${familiarString(reference)}\n` });
    if (plan.references.length === 0) onProgress({ stream: `Loaded image ID: ${image.id}\n` });
    announce(context, 'load', image.id, image.id);
    images.push(image);
  }
  return images;
}

async function unpackLayers(lease: ContentLease, { layers }: MemberPlan, onProgress: OnProgress): Promise<void> {
  for (const { digest, size, compression, diffId } of layers) {
    const progress: OnProgress = lease.hasLayer(diffId) ? () => undefined : onProgress;
    const status = { status: 'Loading layer', id: shortId(diffId) };
    progress({ ...status, progressDetail: { current: 0, total: size } });
    await lease.unpack({ diffId, compression, source: { blob: digest }, size });
    progress({ ...status, progressDetail: { current: size, total: size } });
  }
}

/** The other platforms first; without the image nobody would find them, and they go again when it does not come. */
async function addWithMembers(
  context: ImageContext,
  lease: ContentLease,
  plans: readonly MemberPlan[],
  request: AddImageRequest,
): Promise<Image> {
  const members: Digest[] = [];
  try {
    for (const { layers: _, ...plan } of plans) {
      members.push((await lease.addImage({ ...plan, references: [], memberOnly: true })).id);
    }
    return await lease.addImage({ ...request, ...(members.length > 0 && { members }) });
  } catch (error) {
    const lost = context.store.lostMembers();
    for (const id of members) if (lost.includes(id)) context.store.removeImage(id);
    throw error;
  }
}

function planOf(files: ArchiveFiles, platform: string | undefined): Promise<LoadPlan[]> {
  // Docker writes both tables of contents. One of them is read: the one that names manifests by digest.
  return files.document('oci-layout') !== undefined && files.document('index.json') !== undefined
    ? readOciLayout(files, platform)
    : readDockerArchive(files, platform);
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
