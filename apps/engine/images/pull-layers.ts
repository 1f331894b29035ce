import type { KeyedLock } from '@berth/kit';
import { BerthError, isBerthError } from '@berth/kit';
import { type Descriptor, type Digest, layerCompression, type RegistrySession } from '@berth/oci';
import type { Progress } from './progress.ts';
import { startDownload } from './pull-download.ts';
import { allOrAbort, type Slots } from './pull-slots.ts';
import type { PullTrace } from './pull-trace.ts';
import type { ContentLease, Images, UnpackRequest } from './service.ts';

/** What bringing layers needs beside the layers. */
export interface LayerContext {
  images: Images;
  session: RegistrySession;
  /** Repository inside the registry. */
  repository: string;
  lease: ContentLease;
  progress: Progress;
  /** One download of a blob at a time, over all pulls. */
  downloads: KeyedLock;
  /** At most so many downloads at once, over all pulls. */
  slots: Slots;
  /** Ends the session's work when a layer fails. */
  stop: AbortController;
  trace: PullTrace;
}

export interface Layer {
  descriptor: Descriptor;
  /** Digest of the uncompressed archive. */
  diffId: Digest;
}

const SHORT = 12;

/** The layers of a manifest with their uncompressed digests. Errors: invalid, not-supported. */
export function pairLayers(descriptors: readonly Descriptor[], diffIds: readonly Digest[]): Layer[] {
  if (descriptors.length !== diffIds.length) {
    throw new BerthError(
      'invalid',
      'invalid rootfs in image configuration: it does not have the layers of the manifest',
    );
  }
  return descriptors.map((descriptor, n) => {
    const { mediaType } = descriptor;
    if (/foreign|nondistributable/.test(mediaType)) {
      throw new BerthError(
        'not-supported',
        `layer ${descriptor.digest} is not in the registry (${mediaType}): foreign layers are not supported`,
      );
    }
    if (layerCompression(mediaType) === undefined) {
      throw new BerthError('not-supported', `unsupported layer media type: ${JSON.stringify(mediaType)}`, {
        hint: 'This is not a container image, or one with encrypted or unknown layers.',
      });
    }
    return { descriptor, diffId: diffIds[n]! };
  });
}

/** Brings all layers that are not here, downloading and unpacking at the same time; gives how many it brought. */
export async function bringLayers(context: LayerContext, layers: readonly Layer[]): Promise<number> {
  const missing: Layer[] = [];
  for (const layer of layers) {
    const here = await isHere(context, layer);
    context.trace.layer(layer.descriptor);
    context.progress.layer(shortOf(layer), here ? 'Already exists' : 'Pulling fs layer');
    if (!here) missing.push(layer);
  }
  if (missing.length > 3) for (const layer of missing.slice(3)) context.progress.layer(shortOf(layer), 'Waiting');
  const works = missing.map((layer) => bring(context, layer));
  await allOrAbort(works, context.stop);
  return missing.length;
}

function isHere({ lease }: LayerContext, { descriptor, diffId }: Layer): Promise<boolean> {
  return lease.hasLayerOf(descriptor.digest, diffId);
}

function bring(context: LayerContext, layer: Layer): Promise<void> {
  const { progress, downloads, slots, session, trace } = context;
  const id = shortOf(layer);
  const noted = trace.layer(layer.descriptor);
  noted.result = 'failed';
  const began = performance.now();
  return downloads.run(layer.descriptor.digest, async () => {
    session.signal.throwIfAborted();
    // Another pull, or the same layer further up in this image, may have brought it meanwhile.
    if (await isHere(context, layer)) {
      noted.result = 'shared';
      progress.layer(id, 'Pull complete');
      return;
    }
    await slots.run(() => {
      noted.times.queued = performance.now() - began;
      return fetchAndUnpack(context, layer, id);
    });
    progress.layer(id, 'Pull complete');
  });
}

async function fetchAndUnpack(context: LayerContext, layer: Layer, id: string): Promise<void> {
  const { images, progress, session } = context;
  session.signal.throwIfAborted();
  const { digest, size } = layer.descriptor;
  if (await images.blobs.has(digest)) {
    progress.layer(id, 'Extracting', 0, size);
    const began = performance.now();
    await unpack(context, layer, { blob: digest });
    const noted = context.trace.layer(layer.descriptor);
    noted.result = 'unpacked';
    noted.times.unpack += performance.now() - began;
    return;
  }
  const { kept, failure } = await download(context, layer, id);
  if (failure === undefined) return;
  // Bytes from an earlier attempt may have been lost in a crash, or be those of another registry: once without them.
  if (kept === 0 || !isBerthError(failure, 'invalid')) throw failure;
  session.signal.throwIfAborted();
  const again = await download(context, layer, id);
  if (again.failure !== undefined) throw again.failure;
}

/** Downloads and unpacks at the same time; gives how many bytes were here already, and what went wrong. */
async function download(context: LayerContext, layer: Layer, id: string): Promise<{ kept: number; failure: unknown }> {
  const { images, lease, progress, session, repository } = context;
  const { size } = layer.descriptor;
  const onProgress = (at: number) => progress.layer(id, 'Downloading', at, size);
  const noted = context.trace.layer(layer.descriptor);
  const source = await startDownload({ blobs: images.blobs, session, repository, noted }, layer.descriptor, onProgress);
  const { kept } = source;
  const began = performance.now();
  const before = noted.times.download + noted.times.verify;
  try {
    // Also when the layer is here: whose archive this is, nobody but its content can say.
    await unpack(context, layer, { stream: source.stream() });
    progress.layer(id, 'Verifying Checksum');
    await source.finish();
    lease.noteArchive(layer.descriptor.digest, layer.diffId);
  } catch (error) {
    // The unpacker sees only a stream that broke; why it broke is what the user has to know.
    const failure = source.failure ?? error;
    // Wrong content is of no use to anybody, not even the part of it.
    await (isBerthError(failure, 'invalid') ? source.discard() : source.suspend());
    return { kept, failure };
  } finally {
    noted.times.unpack += performance.now() - began - (noted.times.download + noted.times.verify - before);
  }
  noted.result = kept === 0 ? 'downloaded' : 'resumed';
  progress.layer(id, 'Download complete');
  progress.layer(id, 'Extracting', size, size);
  return { kept, failure: undefined };
}

function unpack({ lease, session }: LayerContext, { descriptor, diffId }: Layer, source: UnpackRequest['source']) {
  const compression = layerCompression(descriptor.mediaType) ?? 'none';
  return lease.unpack({ diffId, compression, size: descriptor.size, signal: session.signal, source });
}

function shortOf({ descriptor }: Layer): string {
  return descriptor.digest.slice('sha256:'.length, 'sha256:'.length + SHORT);
}
