import { KeyedLock, type Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { Publish } from '../events/model.ts';
import { type Database, flushed } from '../state/database.ts';
import { backupVolume } from './backup.ts';
import { cloneVolume } from './clone.ts';
import { dataOf, type VolumeContext } from './context.ts';
import { create } from './create.ts';
import { fill } from './fill.ts';
import { hold, release } from './hold.ts';
import { listVolumes } from './list.ts';
import { listFiles, readFile } from './look.ts';
import type { VolumeSource, VolumeUsers } from './model.ts';
import { obtain } from './obtain.ts';
import { pruneVolumes } from './prune.ts';
import { type LiveVolumes, prepareRoot, reconcile } from './reconcile.ts';
import { removeAnonymous, removeVolume } from './remove.ts';
import { renameVolume } from './rename.ts';
import { restoreVolume } from './restore.ts';
import type { VolumeService } from './service.ts';
import { find, show } from './show.ts';
import { snapshotVolume } from './snapshot.ts';
import { VolumeStore } from './store.ts';
import { createTrees, type Trees } from './trees.ts';
import { usage } from './usage.ts';

export type * from './model.ts';
export { ANONYMOUS_LABEL } from './model.ts';
export type { LiveVolumes } from './reconcile.ts';
export type * from './service.ts';
export type { VolumeResource } from './show.ts';

/** All volumes of one engine. `reconcile` comes before containers are taken down or started. */
export interface Volumes extends VolumeSource {
  readonly service: VolumeService;
  /** Takes up what running containers hold; lets go of the rest. */
  reconcile(live: readonly LiveVolumes[]): Promise<void>;
  /** Waits for what is under way; volumes of running containers stay as they are. */
  close(): Promise<void>;
}

export function createVolumes(parts: {
  config: EngineConfig;
  db: Database;
  log: Logger;
  publish: Publish;
  /** Asked late: containers come after volumes. */
  users: () => VolumeUsers;
}): Volumes {
  const context: VolumeContext & { trees: Trees } = {
    ...parts,
    store: new VolumeStore(parts.db),
    holders: new Map(),
    lock: new KeyedLock(),
    background: new Set(),
    pruning: false,
    trees: createTrees(),
  };
  prepareRoot(context);
  return {
    service: createService(context),
    obtain: obtain(context),
    get: (id) => context.store.get(id),
    pathOf: (id) => dataOf(context.config, id),
    hold: hold(context),
    release: release(context),
    fill: fill(context),
    removeAnonymous: (id) => removeAnonymous(context, id),
    reconcile: (live) => reconcile(context, live),
    async close() {
      await context.trees.close();
      while (context.background.size > 0) await Promise.all(context.background);
      await context.lock.idle();
    },
  };
}

function createService(context: VolumeContext & { trees: Trees }): VolumeService {
  return {
    create: create(context),
    list: (filters) => listVolumes(context, filters),
    inspect: (name) => show(context, find(context, name)),
    async remove(name, options) {
      removeVolume(context, name, options);
      await flushed(context.db);
    },
    prune: (filters) => pruneVolumes(context, filters),
    usage: () => usage(context),
    rename: (name, wanted) => renameVolume(context, name, wanted),
    clone: (name, options) => cloneVolume(context, name, options),
    snapshot: (name, options) => snapshotVolume(context, name, options),
    backup: (name) => backupVolume(context, name),
    restore: (name, source) => restoreVolume(context, name, source),
    files: (name, options) => listFiles(context, name, options),
    cat: (name, path) => readFile(context, name, path),
  };
}
