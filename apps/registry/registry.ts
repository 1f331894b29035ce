import type { IncomingMessage, ServerResponse } from 'node:http';
import { KeyedLock, type Logger } from '@berth/kit';
import type { AccessControl } from './access/index.ts';
import { type Collected, collect } from './cleaning/collect.ts';
import { type Retained, retain } from './cleaning/retain.ts';
import type { RetentionRule } from './cleaning/retention-rules.ts';
import { openStore } from './content/store.ts';
import { openUploads } from './content/uploads.ts';
import { RegistryError } from './errors.ts';
import { type Answered, createHandler, type HandlerParts } from './http/handler.ts';
import type { RegistryMetrics } from './metrics/index.ts';
import { createRoutes } from './protocol/routes.ts';
import type { StorageDriver } from './storage/driver.ts';
import { type Evicted, openUpstreams, type UpstreamSettings, type Upstreams } from './upstreams/index.ts';

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
  metrics: RegistryMetrics;
  /** Told of every answer, for logs and metrics. */
  onAnswered?: (answered: Answered) => void;
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
  /** Removes what was fetched from upstreams and not used for so long (milliseconds); bytes go with the next collection. */
  evict(options: { unusedMs: number; dryRun: boolean; signal?: AbortSignal | undefined }): Promise<Evicted>;
  /** Ends what is under way with upstreams. */
  close(): Promise<void>;
}

/** Makes a registry over a storage. */
export function createRegistry(parts: RegistryParts): Registry {
  const { driver, access, log, graceMs, uploadMs, rules } = parts;
  const { deletes, blobLimit, wholeIndexes, outside, origin, onAnswered } = parts;
  const store = openStore(driver, graceMs);
  const uploads = openUploads(store, { blobLimit });
  const upstreams = openUpstreams(parts.upstreams ?? [], { store, log, metrics: parts.metrics });
  const inner = createRoutes({ store, uploads, deletes, blobLimit, wholeIndexes });
  const route = (method: string, path: string) => upstreams.around(inner(method, path), path);
  const cleaning = new KeyedLock();
  return {
    handle: createHandler({ route, rewrite: meantPath(upstreams), access, log, outside, origin, onAnswered }),
    collect: (options) =>
      cleaning.run('', () =>
        collect(store, uploads, {
          ...options,
          graceMs: options.graceMs ?? graceMs,
          uploadMs: options.uploadMs ?? uploadMs,
        }),
      ),
    retain: (options) => cleaning.run('', () => retain(store, { ...options, rules })),
    evict: (options) => cleaning.run('', () => upstreams.evict(options)),
    close: () => upstreams.close(),
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
