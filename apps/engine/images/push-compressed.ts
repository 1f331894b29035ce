import { Readable } from 'node:stream';
import {
  type BlobWriter,
  type Descriptor,
  DOCKER,
  layerCompression,
  OCI,
  type StreamedUpload,
  uploadStream,
} from '@berth/oci';
import type { PushedLayer, PushLayersContext } from './push-layers.ts';

/** Smaller ones are compressed before a registry would have answered. Bytes. */
const WORTH_STREAMING = 1024 * 1024;

/**
 * A layer as it is pushed. One that is here uncompressed only is compressed, and the blob is kept with the lease; a large
 * one that no other repository can lend is sent meanwhile (`sent`). `id` is how the user knows it.
 */
export async function compressed(
  context: PushLayersContext,
  layer: PushedLayer,
  id: string,
): Promise<{ descriptor: Descriptor; sent: boolean }> {
  const { images, lease } = context;
  const { descriptor } = layer;
  if (layerCompression(descriptor.mediaType) !== 'none') return { descriptor, sent: false };
  const mediaType = descriptor.mediaType === DOCKER.layer ? DOCKER.layerGzip : OCI.layerGzip;
  const streams = descriptor.size >= WORTH_STREAMING && context.sourcesOf(layer.diffId).length === 0;
  for (;;) {
    const { stored, upload } = await (streams
      ? compressAndSend(context, descriptor, id)
      : compress(context, descriptor));
    lease.hold(stored.digest);
    // The digest could not be held before it was known: another push of the same layer may have ended in between.
    if (!(await images.blobs.has(stored.digest))) continue;
    const sent = upload !== undefined && (await ended(context, upload.finish(stored.digest)));
    return { descriptor: { ...descriptor, ...stored, mediaType }, sent };
  }
}

interface Compressed {
  stored: Awaited<ReturnType<BlobWriter['commit']>>;
  /** undefined when it was not sent, or the registry did not take it so: then it is sent again from the store. */
  upload: StreamedUpload | undefined;
}

async function compress({ images, session }: PushLayersContext, { digest }: Descriptor): Promise<Compressed> {
  return { stored: await images.blobs.put(images.gzipped(digest, session.signal)), upload: undefined };
}

async function compressAndSend(
  { images, session, repository, progress }: PushLayersContext,
  { digest, size }: Descriptor,
  id: string,
): Promise<Compressed> {
  const writer = await images.blobs.ingest(undefined);
  const tee = async function* () {
    for await (const piece of images.gzipped(digest, session.signal)) {
      await writer.write(piece);
      progress.layer(id, 'Pushing', Math.min(writer.written, size), size);
      yield piece;
    }
  };
  const content = tee();
  try {
    let upload: StreamedUpload | undefined;
    await uploadStream(session, repository, Readable.from(unclosed(content), { objectMode: false })).then(
      (done) => {
        upload = done;
      },
      () => undefined,
    );
    session.signal.throwIfAborted();
    // What the registry did not take is stored all the same.
    for await (const _ of content) upload = undefined;
    return { stored: await writer.commit(), upload };
  } finally {
    // Waits for the piece that is being written.
    await content.return();
    await writer.abort();
  }
}

/** The pieces; leaving them before their end does not end their source. */
async function* unclosed(source: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
}

/** Whether it went well; what was called off is said. */
async function ended({ session }: PushLayersContext, work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch {
    session.signal.throwIfAborted();
    return false;
  }
}
