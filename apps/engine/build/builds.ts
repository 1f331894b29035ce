import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { BuildSteps } from '../containers/index.ts';
import type { Publish } from '../events/model.ts';
import type { Images, Transfers } from '../images/index.ts';
import type { Database } from '../state/database.ts';
import { build } from './build.ts';
import type { Builder } from './build-context.ts';
import { CacheExports } from './cache/exports.ts';
import { collectGarbage, pruneCache } from './cache/prune.ts';
import { SharedSteps } from './cache/shared-steps.ts';
import { CacheStore } from './cache/store.ts';
import { usage } from './cache/usage.ts';
import { createFileWork } from './files/file-work.ts';
import type { BuildInputs } from './inputs.ts';
import type { BuildService } from './model.ts';
import { sweepPrivateDirectories } from './mounts/private-directory.ts';

/** All builds of one engine. */
export interface Builds {
  service: BuildService;
  /** True while a step's result is wanted for the cache. */
  isCached(image: `sha256:${string}`): boolean;
  /** Ends what is under way and waits for it. */
  close(): Promise<void>;
}

const GC_DELAY_MS = 60_000;

/** Opens the build cache and removes what an engine before this one left of its builds. */
export function createBuilds(parts: {
  config: EngineConfig;
  db: Database;
  log: Logger;
  publish: Publish;
  images: Images;
  transfers: Transfers;
  steps: BuildSteps;
  inputs: BuildInputs;
}): Builds {
  const { config, db, images } = parts;
  const scratch = join(config.dataRoot, 'build', 'tmp');
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  sweepPrivateDirectories(config.execRoot);
  const cache = new CacheStore(db);
  const later: (() => void)[] = [];
  const doLater = () => {
    for (const work of later.splice(0)) {
      try {
        work();
      } catch (error) {
        parts.log.warn('cannot note what a build used', { error });
      }
    }
  };
  const builder: Builder = {
    ...parts,
    cache,
    shared: new SharedSteps(),
    exports: new CacheExports(),
    files: createFileWork(config.dataRoot, images.drafts),
    afterwards: (work) => {
      if (later.push(work) === 1) setImmediate(doLater);
    },
  };
  const running = new Map<object, { id: string; abort: AbortController; ended: Promise<unknown> }>();
  let collecting: Promise<void> | undefined;
  /** The answer does not wait for it, and several builds in a row have one of it. */
  const collectWhenIdle = () => {
    if (running.size > 0 || collecting) return;
    collecting = new Promise<void>((resolve) => setTimeout(resolve, GC_DELAY_MS).unref())
      .then(() => collectGarbage(builder))
      .catch((error: unknown) => parts.log.warn('cannot trim the build cache', { error }))
      .finally(() => {
        collecting = undefined;
      });
  };
  return {
    isCached: (image) => cache.isCached(image),
    service: {
      build: async (request, input) => {
        const abort = new AbortController();
        const signal = AbortSignal.any([input.signal, abort.signal]);
        const ended = build(builder, request, { ...input, signal });
        const entry = { id: request.id, abort, ended: ended.catch(() => undefined) };
        running.set(entry, entry);
        try {
          await ended;
        } finally {
          running.delete(entry);
          collectWhenIdle();
        }
      },
      cancel: (id) => {
        for (const entry of running.values()) if (entry.id === id) entry.abort.abort();
      },
      exportedCache: (id) => builder.exports.fetch(id),
      prune: (options) => pruneCache(builder, options),
      usage: () => usage(builder),
    },
    close: async () => {
      for (const { abort } of running.values()) abort.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
      doLater();
      await builder.exports.close();
      await builder.files.close();
    },
  };
}
