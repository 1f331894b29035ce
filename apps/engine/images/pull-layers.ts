import type { KeyedLock } from '@berth/kit';
import { BerthError } from '@berth/kit';
import { type Descriptor, type Digest, layerCompression, type RegistrySession, readBlob } from '@berth/oci';
import type { Progress } from './progress.ts';
import { allOrAbort, type Slots } from './pull-slots.ts';
import type { ContentLease, Images } from './service.ts';

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
    context.progress.layer(shortOf(layer), here ? 'Already exists' : 'Pulling fs layer');
    if (!here) missing.push(layer);
  }
  if (missing.length > 3) for (const layer of missing.slice(3)) context.progress.layer(shortOf(layer), 'Waiting');
  const works = missing.map((layer) => bring(context, layer));
  await allOrAbort(works, context.stop);
  return missing.length;
}

async function isHere({ images, lease }: LayerContext, { descriptor, diffId }: Layer): Promise<boolean> {
  lease.hold(descriptor.digest);
  return lease.hasLayer(diffId) && (await images.blobs.has(descriptor.digest));
}

function bring(context: LayerContext, layer: Layer): Promise<void> {
  const { progress, downloads, slots, session } = context;
  const id = shortOf(layer);
  return downloads.run(layer.descriptor.digest, async () => {
    session.signal.throwIfAborted();
    // Another pull, or the same layer further up in this image, may have brought it meanwhile.
    if (await isHere(context, layer)) {
      progress.layer(id, 'Pull complete');
      return;
    }
    await slots.run(() => fetchAndUnpack(context, layer, id));
    progress.layer(id, 'Pull complete');
  });
}

async function fetchAndUnpack(context: LayerContext, { descriptor, diffId }: Layer, id: string): Promise<void> {
  const { images, lease, progress, session } = context;
  session.signal.throwIfAborted();
  const { digest, size } = descriptor;
  const compression = layerCompression(descriptor.mediaType) ?? 'none';
  const request = { diffId, compression, size, signal: session.signal };
  if (await images.blobs.has(digest)) {
    progress.layer(id, 'Extracting', 0, size);
    await lease.unpack({ ...request, source: { blob: digest } });
    return;
  }
  await using download = await startDownload(context, descriptor, (at) => progress.layer(id, 'Downloading', at, size));
  if (!lease.hasLayer(diffId)) {
    try {
      await lease.unpack({ ...request, source: { stream: download.stream() } });
    } catch (error) {
      // The unpacker sees only a stream that broke; why it broke is what the user has to know.
      throw download.failure ?? error;
    }
  }
  progress.layer(id, 'Verifying Checksum');
  await download.finish();
  progress.layer(id, 'Download complete');
  progress.layer(id, 'Extracting', size, size);
}

/**
 * A download into the blob store whose bytes can be read while they come. `stream` may be left unread, or be left before
 * its end: `finish` brings what is missing and makes the blob visible. Disposing what is not finished removes it.
 */
async function startDownload(
  { images, session, repository }: LayerContext,
  blob: Descriptor,
  onProgress: (at: number) => void,
) {
  const writer = await images.blobs.ingest({ digest: blob.digest, size: blob.size });
  const source = readBlob(session, repository, blob);
  let failure: unknown;
  const next = async (): Promise<Buffer | undefined> => {
    try {
      const { done, value } = await source.next();
      if (done === true) return undefined;
      await writer.write(value);
      onProgress(writer.written);
      return value;
    } catch (error) {
      failure ??= error;
      throw error;
    }
  };
  return {
    get failure() {
      return failure;
    },
    // Not a "for await" over the source: leaving it must not end the download.
    stream: async function* (): AsyncGenerator<Buffer> {
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
    },
    finish: async () => {
      while ((await next()) !== undefined);
      await writer.commit();
    },
    [Symbol.asyncDispose]: async () => {
      await source.return();
      await writer.abort();
    },
  };
}

function shortOf({ descriptor }: Layer): string {
  return descriptor.digest.slice('sha256:'.length, 'sha256:'.length + SHORT);
}
