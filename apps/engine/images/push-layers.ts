import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import {
  type Descriptor,
  type Digest,
  DOCKER,
  layerCompression,
  type Manifest,
  OCI,
  type RegistrySession,
  uploadBlob,
} from '@berth/oci';
import type { Progress } from './progress.ts';
import { allOrAbort, type Slots } from './pull-slots.ts';
import type { ContentLease, Images } from './service.ts';

export interface PushLayersContext {
  images: Images;
  session: RegistrySession;
  /** Repository inside the registry. */
  repository: string;
  progress: Progress;
  /** At most so many uploads at once, over all pushes. */
  slots: Slots;
  /** Ends the session's work when a layer fails. */
  stop: AbortController;
  /** Repositories of the same registry that may have a layer. */
  sourcesOf(diffId: Digest): readonly string[];
}

export interface PushedLayer {
  descriptor: Descriptor;
  /** Digest of the uncompressed archive: what the user sees. */
  diffId: Digest;
}

const SHORT = 12;

/** Says that work on an image's layers begins: compressing and looking for them takes time. */
export function announceLayers(progress: Progress, diffIds: readonly Digest[]): void {
  for (const diffId of new Set(diffIds)) progress.layer(shortOf({ diffId }), 'Preparing');
}

/** Sees to it that all layers are in the repository. Equal layers are sent once. */
export async function pushLayers(context: PushLayersContext, layers: readonly PushedLayer[]): Promise<void> {
  const { progress, slots } = context;
  const unique = [...new Map(layers.map((layer) => [layer.descriptor.digest, layer])).values()];
  const works = unique.map((layer) => {
    if (slots.full) progress.layer(shortOf(layer), 'Waiting');
    return slots.run(() => pushLayer(context, layer));
  });
  await allOrAbort(works, context.stop);
}

async function pushLayer(context: PushLayersContext, layer: PushedLayer): Promise<void> {
  const { images, session, repository, progress } = context;
  const { digest, size } = layer.descriptor;
  const id = shortOf(layer);
  session.signal.throwIfAborted();
  const result = await uploadBlob(session, repository, {
    digest,
    size,
    mountFrom: context.sourcesOf(layer.diffId),
    open: () => counted(images.blobs.createReadStream(digest), (sent) => progress.layer(id, 'Pushing', sent, size)),
  });
  if (result.kind === 'exists') progress.layer(id, 'Layer already exists');
  else if (result.kind === 'mounted') progress.layer(id, `Mounted from ${result.from}`);
  else progress.layer(id, 'Pushed');
}

function counted(source: Readable, onProgress: (bytes: number) => void): Readable {
  const count = async function* () {
    let bytes = 0;
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      onProgress(bytes);
      yield chunk;
    }
  };
  const stream = Readable.from(count(), { objectMode: false });
  // A stream that was never read does not run its generator, and so would not close the file.
  stream.once('close', () => source.destroy());
  return stream;
}

/**
 * The manifest as it is pushed: layers that are here uncompressed only are compressed, and the blobs are kept with the
 * lease. Undefined when nothing had to be done. The result is the same for the same bytes.
 */
export async function compressLayers(context: CompressContext, manifest: Manifest): Promise<Manifest | undefined> {
  if (manifest.layers.every(({ mediaType }) => layerCompression(mediaType) !== 'none')) return undefined;
  const layers = [...manifest.layers];
  const works = manifest.layers.map(async (layer, n) => {
    if (layerCompression(layer.mediaType) === 'none') layers[n] = await compress(context, layer);
  });
  await allOrAbort(works, context.stop);
  return { ...manifest, layers };
}

export interface CompressContext {
  images: Images;
  lease: ContentLease;
  session: RegistrySession;
  /** Ends the session's work when a layer fails. */
  stop: AbortController;
}

async function compress({ images, lease, session }: CompressContext, layer: Descriptor): Promise<Descriptor> {
  const mediaType = layer.mediaType === DOCKER.layer ? DOCKER.layerGzip : OCI.layerGzip;
  const { signal } = session;
  for (;;) {
    // No name and no time in the header, one level: the bytes depend on the content only.
    const gzip = createGzip({ level: 6 });
    const reading = pipeline(images.blobs.createReadStream(layer.digest), gzip, { signal });
    const [stored] = await Promise.all([images.blobs.put(gzip), reading]);
    lease.hold(stored.digest);
    // The digest could not be held before it was known: another push of the same layer may have ended in between.
    if (await images.blobs.has(stored.digest)) return { ...layer, ...stored, mediaType };
  }
}

function shortOf({ diffId }: Pick<PushedLayer, 'diffId'>): string {
  return diffId.slice('sha256:'.length, 'sha256:'.length + SHORT);
}
