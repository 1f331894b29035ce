import { PULL_EXPLAIN_ID } from '@berth/contract';
import { BerthError, KeyedLock, type Logger } from '@berth/kit';
import { createTransport, type Digest, type Reference, withDefaultTag } from '@berth/oci';
import type { EngineConfig } from '../config.ts';
import { type Artifact, type FoundArtifact, fetchArtifact, pushArtifact } from './artifacts.ts';
import { type DistributionInspect, inspectDistribution } from './distribution.ts';
import type { Image } from './model.ts';
import { proxyEnvironment } from './proxies.ts';
import { pull } from './pull.ts';
import { createSharing } from './pull-sharing.ts';
import { createSlots } from './pull-slots.ts';
import { push } from './push.ts';
import { createPushMemory } from './push-memory.ts';
import { checkAuth, parseRegistryAuth } from './registry-auth.ts';
import { type SearchOptions, type SearchResult, search } from './search.ts';
import type { Images, OnProgress } from './service.ts';

/**
 * What goes between this engine and registries. `auth` is Docker's AuthConfig as it came from the client, undefined for
 * none; it is checked here. All verbs throw BerthError with Docker's wording.
 */
export interface Transfers {
  /**
   * Pulls one image, or all tags of a repository when the reference has neither tag nor digest. Messages are Docker's;
   * none comes before the manifest is known.
   */
  pull(reference: Reference, options: PullChoice): Promise<void>;
  /** Pushes one tag, or all tags of a repository when the reference has none. */
  push(reference: Reference, options: TransferOptions & { platform?: string | undefined }): Promise<void>;
  /** Pushes what is no image; gives the digest of its manifest. Errors: forbidden, unavailable, invalid. */
  pushArtifact(reference: Reference, artifact: Artifact, options: TransferOptions): Promise<Digest>;
  /**
   * Fetches manifest and configuration of an image or artifact; its layers can be brought until `signal` aborts.
   * Errors: not-found, forbidden, unavailable, invalid, not-supported.
   */
  fetchArtifact(
    reference: Reference,
    options: Omit<TransferOptions, 'onProgress'> & { platform: string },
  ): Promise<FoundArtifact>;
  /** POST /auth. Errors: unauthorized, unavailable. */
  checkAuth(auth: object, signal: AbortSignal): Promise<{ Status: string; IdentityToken: string }>;
  /** GET /images/search; `limit` 0 stands for the default of 25. */
  search(
    term: string,
    options: Omit<SearchOptions, 'auth'> & { auth: object | undefined; signal: AbortSignal },
  ): Promise<SearchResult[]>;
  /** GET /distribution/{name}/json. */
  inspect(
    reference: Reference,
    options: { auth: object | undefined; signal: AbortSignal },
  ): Promise<DistributionInspect>;
  /** Ends what is under way, waits for it, and closes connections. */
  close(): Promise<void>;
}

export interface TransferOptions {
  auth: object | undefined;
  onProgress: OnProgress;
  /** The caller's: when it aborts, the work ends. */
  signal: AbortSignal;
}

export interface PullChoice extends TransferOptions {
  platform: string | undefined;
  /** Tells at the end what happened, in a message of PULL_EXPLAIN_ID for each image. Default: no. */
  explain?: boolean | undefined;
}

export interface TransfersOptions {
  images: Images;
  config: TransferSettings;
  log: Logger;
}

/** Read whenever they are needed: a reload may change them. */
export type TransferSettings = Pick<
  EngineConfig,
  | 'insecureRegistries'
  | 'registries'
  | 'registryMirrors'
  | 'maxConcurrentDownloads'
  | 'maxConcurrentUploads'
  | 'maxDownloadAttempts'
  | 'httpProxy'
  | 'httpsProxy'
  | 'noProxy'
>;

export function createTransfers({ images, config, log }: TransfersOptions): Transfers {
  const transport = createTransport({ userAgent: `berth (linux; ${process.arch})`, env: proxyEnvironment(config) });
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  const forPull = {
    images,
    transport,
    config,
    log,
    sharing: createSharing<Image[]>(),
    downloads: new KeyedLock(),
    slots: createSlots(() => config.maxConcurrentDownloads),
  };
  const forPush = {
    images,
    transport,
    config,
    slots: createSlots(() => config.maxConcurrentUploads),
    memory: createPushMemory(transport),
  };

  /** Ties work to the caller and to this engine's life. */
  const track = <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const promise = work(AbortSignal.any([signal, closing.signal]));
    running.add(promise);
    const done = () => running.delete(promise);
    promise.then(done, done);
    return promise;
  };

  return {
    pull: (reference, { auth, platform, onProgress, signal, explain = false }) =>
      track(signal, async (both) => {
        const credentials = parseRegistryAuth(auth ?? null);
        // Others may share the pull and want to know.
        const tell: OnProgress = (message) => {
          if (explain || message.id !== PULL_EXPLAIN_ID) onProgress(message);
        };
        await pull(forPull, reference, { platform, auth: credentials }, tell, both);
      }),
    push: (reference, { auth, platform, onProgress, signal }) =>
      track(signal, async (both) => {
        const credentials = parseRegistryAuth(auth ?? null);
        await push(forPush, reference, { platform, auth: credentials }, onProgress, both);
      }),
    pushArtifact: (reference, artifact, { auth, onProgress, signal }) =>
      track(signal, async (both) => {
        const tagged = withDefaultTag(reference);
        const target = { ...tagged, tag: tagged.tag ?? 'latest' };
        const credentials = parseRegistryAuth(auth ?? null);
        return pushArtifact(forPush, target, { auth: credentials, artifact }, onProgress, both);
      }),
    fetchArtifact: (reference, { auth, platform, signal }) =>
      track(signal, async (both) => {
        const credentials = parseRegistryAuth(auth ?? null);
        return fetchArtifact(forPull, reference, { auth: credentials, platform }, both);
      }),
    checkAuth: (auth, signal) =>
      track(signal, async (both) => checkAuth(transport, config.insecureRegistries, parseRegistryAuth(auth), both)),
    search: (term, { limit, filters, auth, signal }) =>
      track(signal, async (both) => {
        const credentials = parseRegistryAuth(auth ?? null);
        const { insecureRegistries } = config;
        return search(transport, term, { limit, filters, insecureRegistries, auth: credentials }, both);
      }),
    inspect: (reference, { auth, signal }) =>
      track(signal, async (both) => {
        const credentials = parseRegistryAuth(auth ?? null);
        return inspectDistribution(transport, config.insecureRegistries, reference, credentials, both);
      }),
    close: async () => {
      closing.abort(new BerthError('canceled', 'the engine is stopping'));
      await Promise.allSettled(running);
      await forPull.sharing.idle();
      transport.close();
    },
  };
}
