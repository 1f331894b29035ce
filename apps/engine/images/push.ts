import { BerthError, isBerthError } from '@berth/kit';
import {
  type Credentials,
  canonicalName,
  createSession,
  type Descriptor,
  type Digest,
  digestOf,
  familiarName,
  familiarString,
  type Manifest,
  manifestCheck,
  parseManifest,
  parseReference,
  putManifest,
  type Reference,
  type RegistrySession,
  type Transport,
  uploadBlob,
} from '@berth/oci';
import type { EngineConfig } from '../config.ts';
import type { Image } from './model.ts';
import { createProgress, type Progress } from './progress.ts';
import { allOrAbort, type Slots } from './pull-slots.ts';
import { pushIndex } from './push-index.ts';
import { announceLayers, pushLayers, sayTheyExist } from './push-layers.ts';
import type { PushMemory, Recollection } from './push-memory.ts';
import { passOnRefusal } from './registry-auth.ts';
import type { ContentLease, Images, OnProgress } from './service.ts';

export interface PushOptions {
  /** `os/arch[/variant]`: the image has to be for it. */
  platform: string | undefined;
  auth: Credentials;
}

export interface PushContext {
  images: Images;
  transport: Transport;
  config: Pick<EngineConfig, 'insecureRegistries'>;
  slots: Slots;
  memory: PushMemory;
}

/**
 * Pushes an image, or every tag of a repository when the reference has none. Errors: not-found, forbidden, unauthorized,
 * unavailable, invalid.
 */
export async function push(
  context: PushContext,
  reference: Reference,
  options: PushOptions,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<void> {
  if (reference.digest !== undefined) throw new BerthError('invalid', 'cannot push a digest reference');
  const targets = reference.tag === undefined ? await tagsOf(context.images, reference) : [reference as Tagged];
  const images = targets.map((target) => {
    const image = imageOf(context.images, target, options.platform);
    return { target, image, recalled: context.memory.recall(target, options.auth, signal) };
  });
  const progress = createProgress(onProgress);
  progress.message(`The push refers to repository [${canonicalName(reference)}]`);

  // Ends what is still under way when one part fails.
  const stop = new AbortController();
  const { transport, config } = context;
  const session = createSession({
    domain: reference.domain,
    credentials: options.auth,
    insecureRegistries: config.insecureRegistries,
    transport,
    signal: AbortSignal.any([signal, stop.signal]),
  });
  try {
    for (const { target, image, recalled } of images) {
      const one = { ...context, session, stop, progress, recalled, auth: options.auth };
      // Of several platforms all go, unless one is asked for or something of them is not here.
      const index = options.platform === undefined ? await context.images.wholeIndexOf(image.id) : undefined;
      if (index) await pushIndex(one, target, image, index);
      else await pushOne(one, target, image);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw passOnRefusal(error, reference.domain);
  } finally {
    stop.abort();
  }
}

export type Tagged = Reference & { tag: string };

async function tagsOf(images: Images, repository: Reference): Promise<Tagged[]> {
  const name = canonicalName(repository);
  const all = (await images.list({ all: true, filters: {}, sharedSize: false })).flatMap(
    ({ RepoTags }) => RepoTags ?? [],
  );
  const tagged = all
    .filter((tag) => tag !== '<none>:<none>')
    .map(parseReference)
    .filter((one): one is Tagged => one.tag !== undefined && canonicalName(one) === name);
  if (tagged.length > 0) return tagged;
  throw new BerthError('not-found', `An image does not exist locally with the tag: ${familiarName(repository)}`);
}

function imageOf(images: Images, target: Tagged, platform: string | undefined): Image {
  const name = familiarString(target);
  let image: Image;
  try {
    image = images.resolve(name);
  } catch (cause) {
    if (!isBerthError(cause, 'not-found')) throw cause;
    throw new BerthError('not-found', `tag does not exist: ${name}`, { cause });
  }
  return platform === undefined ? image : images.resolve(name, platform);
}

interface PushOne extends PushContext {
  session: RegistrySession;
  stop: AbortController;
  progress: Progress;
  recalled: Recollection;
  auth: Credentials;
}

async function pushOne(one: PushOne, target: Tagged, image: Image): Promise<void> {
  const { images, progress } = one;
  const { diff_ids } = image.config.rootfs;
  announceLayers(progress, diff_ids);
  const size = await one.recalled.stands(image.manifest);
  if (size === undefined) await pushAll(one, target, image);
  else {
    sayTheyExist(progress, diff_ids);
    sayDigest(progress, target, { digest: image.manifest, size });
    images.addDigest(image.id, target, image.manifest);
  }
  images.announce('push', image.id, familiarString(target));
}

async function pushAll(one: PushOne, target: Tagged, image: Image): Promise<void> {
  const { images, session, progress } = one;
  const lease = images.lease();
  try {
    const pushed = await send(one, lease, target, image, await storedManifest(images, lease, image));
    const { bytes } = pushed;
    const described = { digest: digestOf(bytes), size: bytes.byteLength };
    sayDigest(progress, target, described);
    const reference = { domain: target.domain, path: target.path, digest: described.digest };
    await remember(images, lease, image, reference, pushed);
    one.memory.note(target, one.auth, await manifestCheck(session, target.path, target.tag, described));
  } finally {
    // Of layers that were compressed, the archives that they were before: much to free.
    lease.release();
  }
}

function sayDigest(progress: Progress, { tag }: Tagged, { digest, size }: { digest: Digest; size: number }): void {
  progress.message(`${tag}: digest: ${digest} size: ${size}`);
  progress.aux({ Tag: tag, Digest: digest, Size: size });
}

/** Sees to it that all of the image is in the registry, its manifest last; gives the manifest that is there then. */
async function send(
  { images, session, stop, progress, slots }: PushOne,
  lease: ContentLease,
  target: Tagged,
  image: Image,
  stored: Omit<Pushed, 'made'>,
): Promise<Pushed> {
  const layers = stored.manifest.layers.map((descriptor, n) => {
    return { descriptor, diffId: image.config.rootfs.diff_ids[n]! };
  });
  const sourcesOf = await mountSources(images, target);
  const repository = target.path;
  const { config } = stored.manifest;
  const sent: Descriptor[] = [];
  const sendLayers = async () => {
    sent.push(...(await pushLayers({ images, lease, session, repository, progress, slots, stop, sourcesOf }, layers)));
  };
  const sendConfig = async () => {
    const open = () => images.blobs.createReadStream(config.digest);
    await uploadBlob(session, repository, { digest: config.digest, size: config.size, open });
  };
  await allOrAbort([sendLayers(), sendConfig()], stop);
  const pushed = manifestOf(stored, sent);
  const { manifest, bytes } = pushed;
  // Also where the tag means it already: whether this user may push is for the registry to say.
  await putManifest(session, repository, target.tag, { mediaType: manifest.mediaType, bytes });
  return pushed;
}

interface Pushed {
  manifest: Manifest;
  bytes: Uint8Array;
  /** It differs from the stored one: it has compressed layers. */
  made: boolean;
}

async function storedManifest(images: Images, lease: ContentLease, image: Image): Promise<Omit<Pushed, 'made'>> {
  const { descriptor, bytes } = await images.manifestOf(image.id);
  const document = parseManifest(bytes, descriptor.mediaType);
  if (document.kind !== 'manifest') throw new BerthError('internal', `image ${image.id} is stored with an index`);
  const { manifest } = document;
  for (const { digest } of [manifest.config, ...manifest.layers]) lease.hold(digest);
  return { manifest, bytes };
}

/** The stored manifest, byte by byte; one of its own where layers had to be compressed. */
function manifestOf({ manifest, bytes }: Omit<Pushed, 'made'>, sent: readonly Descriptor[]): Pushed {
  if (manifest.layers.every(({ digest }, n) => digest === sent[n]?.digest)) return { manifest, bytes, made: false };
  const made = { ...manifest, layers: [...sent] };
  return { manifest: made, bytes: Buffer.from(JSON.stringify(made)), made: true };
}

/** Notes the digest; a manifest that was made takes the stored one's place, so that the next push sends the same bytes. */
async function remember(
  images: Images,
  lease: ContentLease,
  image: Image,
  reference: Reference & { digest: Digest },
  pushed: Pushed,
): Promise<void> {
  const { manifest, bytes, made } = pushed;
  if (!made) {
    images.addDigest(image.id, reference, reference.digest);
    return;
  }
  const configBytes = await images.blobs.readAll(manifest.config.digest, manifest.config.size);
  await lease.addImage({
    configBytes,
    manifestBytes: bytes,
    manifestMediaType: manifest.mediaType,
    references: [reference],
  });
}

/** By layer, the other repositories of this registry that images with it came from or went to. */
export async function mountSources(images: Images, target: Reference): Promise<(diffId: Digest) => readonly string[]> {
  const sources = new Map<Digest, Set<string>>();
  for (const { Id, RepoDigests } of await images.list({ all: true, filters: {}, sharedSize: false })) {
    const paths = (RepoDigests ?? [])
      .filter((name) => !name.startsWith('<none>'))
      .map(parseReference)
      .filter(({ domain, path }) => domain === target.domain && path !== target.path)
      .map(({ path }) => path);
    if (paths.length === 0) continue;
    for (const diffId of images.resolve(Id).config.rootfs.diff_ids) {
      const known = sources.get(diffId) ?? new Set();
      for (const path of paths) known.add(path);
      sources.set(diffId, known);
    }
  }
  return (diffId) => [...(sources.get(diffId) ?? [])];
}
