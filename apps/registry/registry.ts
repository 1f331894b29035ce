import type { IncomingMessage, ServerResponse } from 'node:http';
import { KeyedLock, type Logger } from '@berth/kit';
import type { AccessControl } from './access/index.ts';
import { type Collected, collect } from './cleaning/collect.ts';
import { type Retained, retain } from './cleaning/retain.ts';
import type { RetentionRule } from './cleaning/retention-rules.ts';
import { openStore } from './content/store.ts';
import { openUploads } from './content/uploads.ts';
import { RegistryError } from './errors.ts';
import type { Endpoint } from './http/exchange.ts';
import { type Answered, createHandler, type HandlerParts } from './http/handler.ts';
import {
  keepPace,
  limitUploads,
  openQuotas,
  type PaceLimits,
  type PlaceLimits,
  type QuotaRule,
} from './limits/index.ts';
import type { RegistryMetrics } from './metrics/index.ts';
import type { ApiContext } from './protocol/context.ts';
import { createRoutes } from './protocol/routes.ts';
import type { StorageDriver } from './storage/driver.ts';
import {
  type Evicted,
  type EvictOptions,
  openUpstreams,
  type UpstreamSettings,
  type Upstreams,
} from './upstreams/index.ts';

/** What a registry is made of. */
export interface RegistryParts {
  driver: StorageDriver;
  access: AccessControl;
  /** Answers paths that are no part of the distribution API; see `HandlerParts`. */
  outside?: HandlerParts['outside'];
  /** See `HandlerParts`. */
  origin?: HandlerParts['origin'];
  log: Logger;
  /** DELETE of manifests, tags and blobs is answered. */
  deletes: boolean;
  /** Longest blob, bytes. */
  blobLimit: number;
  /** An index is only taken when all that it points at is there. */
  wholeIndexes: boolean;
  /** What nothing points at stays for so long. Milliseconds. */
  graceMs: number;
  /** Uploads that nothing was added to for so long may go. Milliseconds. */
  uploadMs: number;
  rules: readonly RetentionRule[];
  /** Registries whose content is fetched when it is asked for. */
  upstreams?: readonly UpstreamSettings[];
  limits?: RegistryLimits;
  metrics: RegistryMetrics;
  /** Told of every answer, for logs and metrics. */
  onAnswered?: (answered: Answered) => void;
}

/** What clients may take of the registry; unbounded where nothing is said. */
export interface RegistryLimits {
  places?: PlaceLimits;
  pace?: PaceLimits;
  quotas?: readonly QuotaRule[];
}

/** Times are the registry's own where none are given. */
export interface CollectWish {
  dryRun: boolean;
  graceMs?: number | undefined;
  uploadMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A registry: answers requests, and cleans up when it is told to. */
export interface Registry {
  /** For `node:http`'s events `request` and `checkContinue`. */
  handle(message: IncomingMessage, answer: ServerResponse): void;
  /** Removes what nothing points at. */
  collect(options: CollectWish): Promise<Collected>;
  /** Applies the rules of retention; bytes are freed by the next collection. */
  retain(options: { dryRun: boolean; signal?: AbortSignal | undefined }): Promise<Retained>;
  /** Removes what was fetched from upstreams and is not used, or too much; bytes go with the next collection. */
  evict(options: EvictOptions): Promise<Evicted>;
  /** Ends what is under way with upstreams. */
  close(): Promise<void>;
}

/** Makes a registry over a storage. */
export function createRegistry(parts: RegistryParts): Registry {
  const { driver, access, log, graceMs, uploadMs, rules } = parts;
  const { deletes, blobLimit, wholeIndexes, outside, origin, onAnswered } = parts;
  const store = openStore(driver, graceMs);
  const uploads = openUploads(store, { blobLimit });
  const inner = createRoutes({ store, uploads, deletes, blobLimit, wholeIndexes });
  const limits = openLimits(parts, { store, uploads });
  const { metrics, upstreams: others = [] } = parts;
  const upstreams = openUpstreams(others, { store, log, metrics, blobLimit, room: limits });
  const route = (method: string, path: string) => limits.around(upstreams.around(inner(method, path), path), path);
  const cleaning = new KeyedLock();
  const clean = <T>(work: () => Promise<T>) => cleaning.run('', work).finally(limits.doubt);
  return {
    handle: createHandler({ route, rewrite: meantPath(upstreams), access, log, outside, origin, onAnswered }),
    collect: (options) =>
      clean(() =>
        collect(store, uploads, {
          ...options,
          graceMs: options.graceMs ?? graceMs,
          uploadMs: options.uploadMs ?? uploadMs,
        }),
      ),
    retain: (options) => clean(() => retain(store, { ...options, rules })),
    evict: (options) => clean(() => upstreams.evict(options)),
    close: async () => {
      limits.close();
      await upstreams.close();
    },
  };
}

/** The outermost bound comes first: a place, then a pace, then room. */
function openLimits({ limits = {}, metrics, log }: RegistryParts, context: Pick<ApiContext, 'store' | 'uploads'>) {
  const { places, pace, quotas } = limits;
  const inPlace = places
    ? limitUploads(places, () => metrics.refused('uploads'))
    : (endpoint: Endpoint): Endpoint => endpoint;
  const kept = keepPace(pace ?? { bytesPerSecond: 0, window: 0 }, ({ message }) => {
    metrics.refused('pace');
    log.warn('a client was too slow and was cut off', { remote: message.socket.remoteAddress });
  });
  const room = openQuotas(quotas ?? [], context, () => metrics.refused('quota'));
  return {
    around: (endpoint: Endpoint, path: string) => inPlace(kept.around(room.around(endpoint, path))),
    doubt: room.doubt,
    take: room.take,
    close: kept.close,
  };
}

/** Clients that use us for several registries say which one they mean (`?ns=`, containerd). */
function meantPath(upstreams: Upstreams) {
  return (path: string, query: URLSearchParams): string => {
    const namespace = query.get('ns');
    if (namespace === null) return path;
    const meant = upstreams.withNamespace(path, namespace);
    if (meant !== undefined) return meant;
    throw new RegistryError('NAME_UNKNOWN', `${JSON.stringify(namespace.slice(0, 100))} is not kept here`);
  };
}
