import { createHash } from 'node:crypto';
import { BerthError, isBerthError, type KeyedLock, type Logger } from '@berth/kit';
import {
  type Credentials,
  createSession,
  type Descriptor,
  type Digest,
  DOCKER,
  digestOf,
  type Endpoint,
  familiarName,
  familiarString,
  fetchManifest,
  listTags,
  type Manifest,
  mirrorEndpoint,
  OCI,
  type Platform,
  parseManifest,
  type Reference,
  type RegistrySession,
  readBlob,
  registryCodeOf,
  resolveManifest,
  type Transport,
} from '@berth/oci';
import type { EngineConfig } from '../config.ts';
import { CONFIG_LIMIT, parseImageConfig } from './image-config.ts';
import type { Image, ImageConfig } from './model.ts';
import { createProgress, type Progress } from './progress.ts';
import { bringLayers, pairLayers } from './pull-layers.ts';
import { formatPlatform, hostPlatform, parsePlatform, platformMatches, selectManifest } from './pull-platform.ts';
import type { Sharing } from './pull-sharing.ts';
import type { Slots } from './pull-slots.ts';
import { passOnRefusal } from './registry-auth.ts';
import type { ContentLease, Images, OnProgress } from './service.ts';

export interface PullOptions {
  /** `os/arch[/variant]`; undefined: what this host runs. */
  platform: string | undefined;
  auth: Credentials;
}

export interface PullContext {
  images: Images;
  transport: Transport;
  config: Pick<EngineConfig, 'insecureRegistries' | 'registryMirrors' | 'maxDownloadAttempts'>;
  log: Logger;
  sharing: Sharing<Image[]>;
  downloads: KeyedLock;
  slots: Slots;
}

const HUB_DOMAIN = 'docker.io';
/** An index may point at an index; nobody needs more steps than this. */
const INDEX_DEPTH = 3;

/**
 * Pulls an image, or all tags of a repository when the reference has neither tag nor digest. Callers who want the same
 * at the same time, with the same credentials, share one pull; it ends when the last of them goes away. Messages begin only when the manifest is known, so that
 * errors before that have a status of their own. Errors: not-found, unauthorized, unavailable, invalid, not-supported.
 */
export function pull(
  context: PullContext,
  reference: Reference,
  options: PullOptions,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<Image[]> {
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const key = createHash('sha256')
    .update(JSON.stringify([reference, platform, options.auth]))
    .digest('hex');
  return context.sharing.run(key, { onProgress, signal }, (emit, shared) =>
    run(context, reference, { ...options, platform }, emit, shared),
  );
}

interface Wish {
  platform: Platform | undefined;
  auth: Credentials;
}

/** Asks mirrors of Docker Hub first, without the user's credentials; what they do not give comes from the Hub itself. */
async function run(
  context: PullContext,
  reference: Reference,
  wish: Wish,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<Image[]> {
  const { registryMirrors, insecureRegistries } = context.config;
  for (const mirror of reference.domain === HUB_DOMAIN ? registryMirrors : []) {
    const endpoint = mirrorEndpoint(mirror, insecureRegistries);
    try {
      return await pullFrom(context, reference, { ...wish, auth: {} }, onProgress, signal, endpoint);
    } catch (error) {
      signal.throwIfAborted();
      context.log.info('a mirror did not give an image; the next is asked', { mirror, image: reference.path, error });
    }
  }
  return pullFrom(context, reference, wish, onProgress, signal);
}

async function pullFrom(
  context: PullContext,
  reference: Reference,
  { platform, auth }: Wish,
  onProgress: OnProgress,
  signal: AbortSignal,
  mirror?: Endpoint,
): Promise<Image[]> {
  // Ends what is still under way when one part fails.
  const stop = new AbortController();
  const { transport, config } = context;
  const session = createSession({
    domain: reference.domain,
    credentials: auth,
    insecureRegistries: config.insecureRegistries,
    downloadAttempts: config.maxDownloadAttempts,
    endpoints: mirror === undefined ? undefined : [mirror],
    transport,
    signal: AbortSignal.any([signal, stop.signal]),
  });
  const one = { context, session, stop, platform, progress: createProgress(onProgress) };
  const pulled: Image[] = [];
  let current = reference;
  try {
    const { domain, path } = reference;
    const named = reference.tag !== undefined || reference.digest !== undefined;
    const targets = named ? [reference] : (await listTags(session, path)).map((tag) => ({ domain, path, tag }));
    for (current of targets) pulled.push(await pullOne(one, current));
  } catch (error) {
    signal.throwIfAborted();
    throw passOnRefusal(translatePullError(error, current), reference.domain);
  } finally {
    stop.abort();
  }
  return pulled;
}

interface PullOne {
  context: PullContext;
  session: RegistrySession;
  stop: AbortController;
  platform: Platform | undefined;
  progress: Progress;
}

async function pullOne(one: PullOne, wanted: Reference): Promise<Image> {
  const { progress, context, session } = one;
  const { images } = context;
  const { domain, path, tag, digest: byDigest } = wanted;
  // Of a name with tag and digest the digest counts, and the tag is not moved: Docker does so.
  const named: Reference = byDigest === undefined ? wanted : { domain, path, digest: byDigest };
  const target = byDigest ?? tag ?? 'latest';
  const before = find(images, familiarString(named));

  let image = before;
  let digest = before === undefined ? undefined : await confirm(one, named, target, before);
  if (digest === undefined) {
    const found = await resolve(one, path, target);
    digest = found.digest;
    progress.message(`Pulling from ${path}`, target);
    image = await bring(one, named, found);
  } else {
    progress.message(`Pulling from ${path}`, target);
  }
  session.signal.throwIfAborted();
  if (image === undefined) throw new BerthError('internal', `pull of ${familiarString(named)} made no image`);
  progress.message(`Digest: ${digest}`);
  const news = image.id === before?.id ? 'Image is up to date' : 'Downloaded newer image';
  progress.message(`Status: ${news} for ${familiarString(named)}`);
  images.announce('pull', image.id, familiarString(named));
  return image;
}

/** The digest that the name has in the registry when the image here came by it: then there is nothing to bring. */
async function confirm(one: PullOne, named: Reference, target: string, image: Image): Promise<Digest | undefined> {
  if (!platformMatches(image.config, one.platform ?? hostPlatform())) return undefined;
  const head = await resolveManifest(one.session, named.path, target);
  return head !== undefined && image.digests.includes(`${familiarName(named)}@${head.digest}`)
    ? head.digest
    : undefined;
}

/** The manifest for the wanted platform, and the way to it. */
interface Found {
  /** What the name means in the registry: the index, or the manifest itself. */
  digest: Digest;
  manifest: Manifest;
  bytes: Buffer;
  indexes: Buffer[];
}

async function resolve({ session, platform }: PullOne, repository: string, target: string): Promise<Found> {
  const top = await fetchManifest(session, repository, target);
  const indexes: Buffer[] = [];
  let { bytes, mediaType } = top;
  for (let depth = 0; depth <= INDEX_DEPTH; depth++) {
    const document = parseManifest(bytes, mediaType);
    if (document.kind === 'manifest') return { digest: top.digest, manifest: document.manifest, bytes, indexes };
    indexes.push(bytes);
    const wanted = platform ?? hostPlatform();
    const entry = selectManifest(document.index.manifests, wanted);
    if (entry === undefined) {
      throw new BerthError(
        'not-found',
        `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`,
        {
          hint: `It has: ${listPlatforms(document.index.manifests)}.`,
        },
      );
    }
    bytes = (await fetchManifest(session, repository, entry.digest)).bytes;
    mediaType = entry.mediaType;
  }
  throw new BerthError('invalid', `${repository} has an index of indexes of indexes: refused`);
}

function listPlatforms(entries: readonly Descriptor[]): string {
  const names = entries.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]));
  return [...new Set(names)].filter((name) => name !== 'unknown/unknown').join(', ') || 'nothing that names a platform';
}

async function bring(one: PullOne, named: Reference, found: Found): Promise<Image> {
  const { context, session, stop, progress } = one;
  const { images, downloads, slots } = context;
  const { manifest } = found;
  const byDigest: Reference = { domain: named.domain, path: named.path, digest: found.digest };
  const references = named.tag === undefined ? [byDigest] : [named, byDigest];
  // Awaited before every return: the lease ends with this function.
  await using lease = images.lease();
  const known = find(images, manifest.config.digest);
  // The same image, maybe in other wrapping (another compression): nothing of it is needed but its new names.
  if (known !== undefined && known.id === manifest.config.digest) {
    checkPlatform(known.config, named, one.platform);
    return await rename(images, lease, known, references);
  }

  const configBytes = await readConfig(session, named.path, manifest);
  const config = parseImageConfig(configBytes);
  checkPlatform(config, named, one.platform);
  const layers = pairLayers(manifest.layers, config.rootfs.diff_ids);
  await bringLayers({ images, session, repository: named.path, lease, progress, downloads, slots, stop }, layers);
  const related: Digest[] = [];
  for (const bytes of found.indexes) {
    const digest = digestOf(bytes);
    lease.hold(digest);
    await images.blobs.put(bytes, { digest });
    related.push(digest);
  }
  session.signal.throwIfAborted();
  const { mediaType: manifestMediaType } = manifest;
  return await lease.addImage({ configBytes, manifestBytes: found.bytes, manifestMediaType, references, related });
}

async function rename(images: Images, lease: ContentLease, known: Image, references: Reference[]): Promise<Image> {
  const { descriptor, bytes } = await images.manifestOf(known.id);
  const configBytes = await images.blobs.readAll(known.id, CONFIG_LIMIT);
  return lease.addImage({ configBytes, manifestBytes: bytes, manifestMediaType: descriptor.mediaType, references });
}

async function readConfig(session: RegistrySession, repository: string, { config }: Manifest): Promise<Buffer> {
  if (config.mediaType !== OCI.config && config.mediaType !== DOCKER.config) {
    throw new BerthError(
      'not-supported',
      `this is not a container image: its configuration is ${JSON.stringify(config.mediaType)}`,
    );
  }
  if (config.size > CONFIG_LIMIT) {
    throw new BerthError('invalid', `image configuration is larger than ${CONFIG_LIMIT} bytes`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of readBlob(session, repository, config)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Without a wish, an image for another processor is taken, as Docker does; one for another system is not. */
function checkPlatform(config: ImageConfig, named: Reference, wanted: Platform | undefined): void {
  if (wanted !== undefined && !platformMatches(config, wanted)) {
    throw new BerthError(
      'not-found',
      `image with reference ${familiarString(named)} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
      { hint: `It is for ${formatPlatform(config)}.` },
    );
  }
  // Images without a system are as old as Docker, and for Linux.
  if (config.os !== 'linux' && config.os !== '') {
    throw new BerthError('not-supported', `image operating system "${config.os}" cannot be used on this platform`);
  }
}

function find(images: Images, name: string): Image | undefined {
  try {
    return images.resolve(name);
  } catch (error) {
    if (isBerthError(error, 'not-found')) return undefined;
    throw error;
  }
}

/** Docker's words for what a registry said about a pull. */
export function translatePullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof BerthError)) return error;
  const options = { cause: error, details: error.details ?? {} };
  switch (registryCodeOf(error)) {
    case 'DENIED':
      return new BerthError(
        'not-found',
        `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${error.message}`,
        options,
      );
    case 'MANIFEST_UNKNOWN':
      return new BerthError(
        'not-found',
        `manifest for ${familiarString(reference)} not found: ${error.message}`,
        options,
      );
    case 'NAME_UNKNOWN':
      return new BerthError('not-found', `repository ${familiarName(reference)} not found: ${error.message}`, options);
    default:
      return error;
  }
}
