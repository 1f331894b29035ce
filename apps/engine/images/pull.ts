import { createHash } from 'node:crypto';
import { PULL_EXPLAIN_ID } from '@berth/contract';
import { BerthError, isBerthError, type KeyedLock, type Logger } from '@berth/kit';
import {
  type Credentials,
  createSession,
  type Digest,
  digestOf,
  familiarName,
  familiarString,
  listTags,
  type Platform,
  type Reference,
  type RegistrySession,
  resolveManifest,
  type Transport,
} from '@berth/oci';
import type { EngineConfig } from '../config.ts';
import { CONFIG_LIMIT, parseImageConfig } from './image-config.ts';
import type { Image } from './model.ts';
import { createProgress, type Progress } from './progress.ts';
import { translatePullError } from './pull-errors.ts';
import { bringLayers, pairLayers } from './pull-layers.ts';
import { hostPlatform, parsePlatform, platformMatches } from './pull-platform.ts';
import { checkPlatform, type Found, readConfig, resolveImage } from './pull-resolve.ts';
import type { Sharing } from './pull-sharing.ts';
import type { Slots } from './pull-slots.ts';
import { type PullSource, pullSources, type SourceSettings } from './pull-sources.ts';
import { createPullTrace, type PullTrace } from './pull-trace.ts';
import { tellWait } from './pull-waits.ts';
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
  config: SourceSettings & Pick<EngineConfig, 'maxDownloadAttempts'>;
  log: Logger;
  sharing: Sharing<Image[]>;
  downloads: KeyedLock;
  slots: Slots;
}

/**
 * Pulls an image, or all tags of a repository when the reference has neither tag nor digest. Callers who want the same
 * at the same time, with the same credentials, share one pull; it ends when the last of them goes away. Messages begin
 * only when the manifest is known or a registry wants patience, so that errors before that have a status of their own.
 * What happened is told at the end of what was told (PULL_EXPLAIN_ID). Errors: not-found, unauthorized, unavailable, invalid, not-supported.
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

/** Asks the mirrors of a registry first, without the user's credentials; what they do not give comes from itself. */
async function run(
  context: PullContext,
  reference: Reference,
  wish: Wish,
  emit: OnProgress,
  signal: AbortSignal,
): Promise<Image[]> {
  const trace = createPullTrace();
  trace.image(familiarString(reference));
  let told = false;
  const onProgress: OnProgress = (message) => {
    told = true;
    emit(message);
  };
  // Content that one place gave is kept for the next.
  await using lease = context.images.lease();
  const sources = pullSources(reference, wish.auth, context.config);
  const explain = () => emit({ id: PULL_EXPLAIN_ID, aux: trace.explanation() });
  for (const [n, source] of sources.entries()) {
    const failed = trace.source(source);
    try {
      return await pullFrom(
        { ...context, lease, trace, source, explain },
        reference,
        wish.platform,
        onProgress,
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      failed(error);
      if (n === sources.length - 1) {
        if (told) explain();
        throw source.kind === 'registry' ? error : onlyMirrors(error, reference, sources);
      }
      const facts = { mirror: source.name, image: source.repository, error };
      context.log.info('a mirror did not give an image; the next is asked', facts);
    }
  }
  throw new BerthError('internal', `there is no place to pull ${familiarString(reference)} from`);
}

/** What the last mirror said, where the registry itself is not to be asked. */
function onlyMirrors(error: unknown, { domain }: Reference, sources: readonly PullSource[]): unknown {
  if (!(error instanceof BerthError)) return error;
  const names = sources.map(({ name }) => name).join(', ');
  const hint = `The setting "registries" allows images of ${domain} from its mirrors only: ${names}.`;
  return new BerthError(error.code, error.message, { cause: error, hint, details: error.details ?? {} });
}

interface PullFrom extends PullContext {
  source: PullSource;
  trace: PullTrace;
  lease: ContentLease;
  /** Tells what happened for an image that is here now. */
  explain: () => void;
}

async function pullFrom(
  context: PullFrom,
  reference: Reference,
  platform: Platform | undefined,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<Image[]> {
  // Ends what is still under way when one part fails.
  const stop = new AbortController();
  const { transport, config, source, trace } = context;
  const progress = createProgress(onProgress);
  const session = createSession({
    domain: reference.domain,
    credentials: source.auth,
    insecureRegistries: config.insecureRegistries,
    downloadAttempts: config.maxDownloadAttempts,
    endpoints: source.endpoint === undefined ? undefined : [source.endpoint],
    transport,
    signal: AbortSignal.any([signal, stop.signal]),
    onWait: (wait) => {
      trace.wait(wait);
      tellWait(progress, wait);
    },
  });
  const one = { context, session, stop, platform, progress };
  const pulled: Image[] = [];
  let current = reference;
  try {
    const { domain, path } = reference;
    const named = reference.tag !== undefined || reference.digest !== undefined;
    const targets = named
      ? [reference]
      : (await listTags(session, source.repository)).map((tag) => ({ domain, path, tag }));
    for (current of targets) {
      if (!named) trace.image(familiarString(current));
      pulled.push(await pullOne(one, current));
      context.explain();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw passOnRefusal(translatePullError(error, current), reference.domain);
  } finally {
    stop.abort();
  }
  return pulled;
}

interface PullOne {
  context: PullFrom;
  session: RegistrySession;
  stop: AbortController;
  platform: Platform | undefined;
  progress: Progress;
}

async function pullOne(one: PullOne, wanted: Reference): Promise<Image> {
  const { progress, context, session } = one;
  const { images, trace } = context;
  const { domain, path, tag, digest: byDigest } = wanted;
  // Of a name with tag and digest the digest counts, and the tag is not moved: Docker does so.
  const named: Reference = byDigest === undefined ? wanted : { domain, path, digest: byDigest };
  const target = byDigest ?? tag ?? 'latest';
  const before = find(images, familiarString(named));

  let image = before;
  let digest = before === undefined ? undefined : await confirm(one, named, target, before);
  if (digest === undefined) {
    const found = await resolveImage(session, context.source.repository, target, one.platform);
    digest = found.digest;
    progress.message(`Pulling from ${path}`, target);
    image = await bring(one, named, found);
  } else {
    trace.stage('resolve');
    progress.message(`Pulling from ${path}`, target);
  }
  trace.digest(digest);
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
  const head = await resolveManifest(one.session, one.context.source.repository, target);
  return head !== undefined && image.digests.includes(`${familiarName(named)}@${head.digest}`)
    ? head.digest
    : undefined;
}

async function bring(one: PullOne, named: Reference, found: Found): Promise<Image> {
  const { context, session, stop, progress } = one;
  const { images, downloads, slots, lease, trace, source } = context;
  const { manifest } = found;
  const byDigest: Reference = { domain: named.domain, path: named.path, digest: found.digest };
  const references = named.tag === undefined ? [byDigest] : [named, byDigest];
  const known = find(images, manifest.config.digest);
  // The same image, maybe in other wrapping (another compression): nothing of it is needed but its new names.
  if (known !== undefined && known.id === manifest.config.digest) {
    checkPlatform(known.config, named, one.platform);
    trace.stage('resolve');
    const renamed = await rename(images, lease, known, references);
    trace.stage('register');
    return renamed;
  }

  const { repository } = source;
  const configBytes = await readConfig(session, repository, manifest);
  const config = parseImageConfig(configBytes);
  checkPlatform(config, named, one.platform);
  const layers = pairLayers(manifest.layers, config.rootfs.diff_ids);
  trace.stage('resolve');
  await bringLayers({ images, session, repository, lease, progress, downloads, slots, stop, trace }, layers);
  trace.stage('layers');
  const related: Digest[] = [];
  for (const bytes of found.indexes) {
    const digest = digestOf(bytes);
    lease.hold(digest);
    await images.blobs.put(bytes, { digest });
    related.push(digest);
  }
  session.signal.throwIfAborted();
  const { mediaType: manifestMediaType } = manifest;
  const request = { configBytes, manifestBytes: found.bytes, manifestMediaType, references, related };
  const image = await lease.addImage(request);
  trace.stage('register');
  return image;
}

async function rename(images: Images, lease: ContentLease, known: Image, references: Reference[]): Promise<Image> {
  const { descriptor, bytes } = await images.manifestOf(known.id);
  const configBytes = await images.blobs.readAll(known.id, CONFIG_LIMIT);
  return lease.addImage({ configBytes, manifestBytes: bytes, manifestMediaType: descriptor.mediaType, references });
}

function find(images: Images, name: string): Image | undefined {
  try {
    return images.resolve(name);
  } catch (error) {
    if (isBerthError(error, 'not-found')) return undefined;
    throw error;
  }
}
