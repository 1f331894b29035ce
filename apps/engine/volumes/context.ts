import { join } from 'node:path';
import type { KeyedLock, Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { Publish } from '../events/model.ts';
import type { Database } from '../state/database.ts';
import type { VolumeRecord, VolumeUsers } from './model.ts';
import type { VolumeStore } from './store.ts';

/** What the verbs of volumes work with. */
export interface VolumeContext {
  config: EngineConfig;
  db: Database;
  log: Logger;
  publish: Publish;
  store: VolumeStore;
  users: () => VolumeUsers;
  /** Containers that have a volume's data ready for them now, by volume id. */
  holders: Map<string, Set<string>>;
  /** Mounting and unmounting of one volume, one after the other. */
  lock: KeyedLock;
  /** Work that goes on after its request was answered; awaited when the engine stops. */
  background: Set<Promise<void>>;
  /** True while a prune runs. */
  pruning: boolean;
}

/** DATA/volumes/ID: everything of one volume. */
export function homeOf(config: EngineConfig, id: string): string {
  return join(config.dataRoot, 'volumes', id);
}

/** Name of the directory with a volume's data, in its own one. */
export const DATA = '_data';

/** The directory that containers see. */
export function dataOf(config: EngineConfig, id: string): string {
  return join(homeOf(config, id), DATA);
}

/** Begins the names of directories beside the data in which new data is put together. */
export const RESTORE = 'restore-';

/** Begins the names of directories among the volumes that become volumes when they are whole. */
export const DRAFT = 'draft-';

/** Says that something happened to a volume. Docker names volumes in events, as they have no ids there. */
export function announce(
  context: Pick<VolumeContext, 'publish'>,
  action: string,
  volume: Pick<VolumeRecord, 'name' | 'driver'>,
  more: Record<string, string> = {},
): void {
  context.publish('volume', action, volume.name, { driver: volume.driver, ...more });
}

/** Runs work that nobody waits for; a failure is logged with what was attempted. */
export function inBackground(
  context: Pick<VolumeContext, 'background' | 'log'>,
  what: string,
  work: () => Promise<void>,
): void {
  const task = work()
    .catch((error) => context.log.error(`cannot ${what}`, { error }))
    .finally(() => context.background.delete(task));
  context.background.add(task);
}
