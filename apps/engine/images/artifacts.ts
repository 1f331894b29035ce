import { Readable } from 'node:stream';
import { BerthError } from '@berth/kit';
import {
  type Credentials,
  createSession,
  type Descriptor,
  type Digest,
  digestOf,
  type Manifest,
  OCI,
  putManifest,
  type Reference,
  readBlob,
  uploadBlob,
} from '@berth/oci';
import { CONFIG_LIMIT } from './image-config.ts';
import { createProgress } from './progress.ts';
import type { PullContext } from './pull.ts';
import { bringLayers, type Layer, pairLayers } from './pull-layers.ts';
import { parsePlatform } from './pull-platform.ts';
import { resolveImage } from './pull-resolve.ts';
import { type PullSource, pullSources } from './pull-sources.ts';
import { createPullTrace } from './pull-trace.ts';
import { mountSources, type PushContext, type Tagged } from './push.ts';
import { type PushedLayer, pushLayers } from './push-layers.ts';
import { passOnRefusal } from './registry-auth.ts';
import type { OnProgress } from './service.ts';

/** A manifest of layers whose configuration is somebody else's business: a build cache. */
export interface Artifact {
  artifactType: string;
  configType: string;
  config: Buffer;
  /** Of the blob store; compressed on their way. */
  layers: readonly PushedLayer[];
}

/** A manifest of a registry, an image's or an artifact's, of which nothing but the configuration was fetched. */
export interface FoundArtifact {
  manifest: Manifest;
  config: Buffer;
  /** Layers with the digests that `diffIds` gives them. Errors: invalid, not-supported. */
  pair(diffIds: readonly Digest[]): Layer[];
  /**
   * Brings a layer into the store, checked by both digests and unpacked; the caller has a lease that holds everything.
   * Errors: invalid, not-found, unavailable.
   */
  bring(layer: Layer, onProgress: OnProgress): Promise<void>;
}

/** Pushes an artifact under a tag; gives the digest of its manifest. Errors: forbidden, unavailable, invalid. */
export async function pushArtifact(
  context: Omit<PushContext, 'memory'>,
  target: Tagged,
  { auth, artifact }: { auth: Credentials; artifact: Artifact },
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<Digest> {
  const { images, transport, config, slots } = context;
  const stop = new AbortController();
  const session = createSession({
    ...{ domain: target.domain, credentials: auth, insecureRegistries: config.insecureRegistries, transport },
    signal: AbortSignal.any([signal, stop.signal]),
  });
  await using lease = images.lease();
  for (const { descriptor } of artifact.layers) lease.hold(descriptor.digest);
  try {
    const progress = createProgress(onProgress);
    const sourcesOf = await mountSources(images, target);
    const means = { images, lease, session, repository: target.path, progress, slots, stop, sourcesOf };
    const layers = await pushLayers(means, artifact.layers);
    const { config: content } = artifact;
    const described = { digest: digestOf(content), size: content.byteLength };
    await uploadBlob(session, target.path, { ...described, open: () => Readable.from([content]) });
    const bytes = artifactManifest(artifact, layers);
    await putManifest(session, target.path, target.tag, { mediaType: OCI.manifest, bytes });
    return digestOf(bytes);
  } catch (error) {
    signal.throwIfAborted();
    throw passOnRefusal(error, target.domain);
  } finally {
    stop.abort();
  }
}

/** The manifest of an artifact whose layers are these. */
export function artifactManifest(
  { artifactType, configType, config }: Artifact,
  layers: readonly Descriptor[],
): Buffer {
  const described = { mediaType: configType, digest: digestOf(config), size: config.byteLength };
  // The same layers give the same bytes, wherever they are from.
  const plain = layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  const manifest = { schemaVersion: 2, mediaType: OCI.manifest, artifactType, config: described, layers: plain };
  return Buffer.from(JSON.stringify(manifest));
}

/**
 * Fetches manifest and configuration of what a reference names, of an image of several platforms those of one, from the
 * places that a pull would ask. Errors: not-found, forbidden, unavailable, invalid, not-supported.
 */
export async function fetchArtifact(
  context: PullContext,
  reference: Reference,
  { auth, platform }: { auth: Credentials; platform: string },
  signal: AbortSignal,
): Promise<FoundArtifact> {
  let failure: unknown = new BerthError('not-found', 'there is no place to ask for it');
  for (const source of pullSources(reference, auth, context.config)) {
    try {
      return await fetchFrom(context, source, reference, platform, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw passOnRefusal(failure, reference.domain);
}

async function fetchFrom(
  context: PullContext,
  source: PullSource,
  reference: Reference,
  platform: string,
  signal: AbortSignal,
): Promise<FoundArtifact> {
  const { images, transport, config, downloads, slots } = context;
  const { repository } = source;
  const session = createSession({
    ...{ domain: reference.domain, credentials: source.auth, insecureRegistries: config.insecureRegistries },
    ...{ downloadAttempts: config.maxDownloadAttempts, transport, signal },
    endpoints: source.endpoint === undefined ? undefined : [source.endpoint],
  });
  const target = reference.digest ?? reference.tag ?? 'latest';
  const wanted = platform === '' ? undefined : parsePlatform(platform);
  const { manifest } = await resolveImage(session, repository, target, wanted);
  if (manifest.config.size > CONFIG_LIMIT)
    throw new BerthError('invalid', `its configuration is larger than ${CONFIG_LIMIT} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of readBlob(session, repository, manifest.config)) chunks.push(chunk);
  return {
    manifest,
    config: Buffer.concat(chunks),
    pair: (diffIds) => pairLayers(manifest.layers, diffIds),
    bring: async (layer, onProgress) => {
      await using lease = images.lease();
      const progress = createProgress(onProgress);
      const own = { stop: new AbortController(), trace: createPullTrace() };
      await bringLayers({ images, session, repository, lease, progress, downloads, slots, ...own }, [layer]);
    },
  };
}
