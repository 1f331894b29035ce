import { Readable } from 'node:stream';
import { type Descriptor, type Digest, type RegistrySession, uploadBlob } from '@berth/oci';
import type { Progress } from './progress.ts';
import { allOrAbort, type Slots } from './pull-slots.ts';
import { compressed } from './push-compressed.ts';
import type { ContentLease, Images } from './service.ts';

export interface PushLayersContext {
  images: Images;
  lease: ContentLease;
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
const EXISTS = 'Layer already exists';

/** Says that work on an image's layers begins: compressing and looking for them takes time. */
export function announceLayers(progress: Progress, diffIds: readonly Digest[]): void {
  for (const diffId of new Set(diffIds)) progress.layer(shortOf({ diffId }), 'Preparing');
}

/** Says so of layers that need not be looked for. */
export function sayTheyExist(progress: Progress, diffIds: readonly Digest[]): void {
  for (const diffId of new Set(diffIds)) progress.layer(shortOf({ diffId }), EXISTS);
}

/**
 * Sees to it that all layers are in the repository; gives them as they are there: compressed where they were not. Equal
 * layers are sent once, and each as soon as it is compressed.
 */
export async function pushLayers(context: PushLayersContext, layers: readonly PushedLayer[]): Promise<Descriptor[]> {
  const { progress, slots } = context;
  const unique = [...new Map(layers.map((layer) => [layer.descriptor.digest, layer])).values()];
  const sent = new Map<Digest, Descriptor>();
  const works = unique.map(async (layer) => {
    if (slots.full) progress.layer(shortOf(layer), 'Waiting');
    sent.set(layer.descriptor.digest, await slots.run(() => pushLayer(context, layer)));
  });
  await allOrAbort(works, context.stop);
  return layers.map(({ descriptor }) => sent.get(descriptor.digest) ?? descriptor);
}

async function pushLayer(context: PushLayersContext, layer: PushedLayer): Promise<Descriptor> {
  const { images, session, repository, progress } = context;
  const id = shortOf(layer);
  session.signal.throwIfAborted();
  const { descriptor, sent } = await compressed(context, layer, id);
  if (sent) {
    progress.layer(id, 'Pushed');
    return descriptor;
  }
  const { digest, size } = descriptor;
  const result = await uploadBlob(session, repository, {
    digest,
    size,
    mountFrom: context.sourcesOf(layer.diffId),
    open: () => counted(images.blobs.createReadStream(digest), (sent) => progress.layer(id, 'Pushing', sent, size)),
  });
  if (result.kind === 'exists') progress.layer(id, EXISTS);
  else if (result.kind === 'mounted') progress.layer(id, `Mounted from ${result.from}`);
  else progress.layer(id, 'Pushed');
  return descriptor;
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

function shortOf({ diffId }: Pick<PushedLayer, 'diffId'>): string {
  return diffId.slice('sha256:'.length, 'sha256:'.length + SHORT);
}
