import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '@berth/kit';
import { readMountTable } from '../linux/mount-table.ts';
import { removeTree } from '../linux/remove-tree.ts';
import { DRAFT, dataOf, homeOf, inBackground, RESTORE, type VolumeContext } from './context.ts';
import { unmountData } from './hold.ts';

/** A container that had volumes when the last engine ended, and has not been taken down yet. */
export interface LiveVolumes {
  containerId: string;
  volumeIds: string[];
}

/** Makes the root of volumes and what is missing below it. Comes before everything else. */
export function prepareRoot({ config, store, log }: VolumeContext): void {
  mkdirSync(join(config.dataRoot, 'volumes'), { recursive: true, mode: 0o701 });
  for (const { id, name } of store.all()) {
    const data = dataOf(config, id);
    if (existsSync(data)) continue;
    log.warn('the directory of a volume is gone: an empty one takes its place', { volume: name, path: data });
    mkdirSync(data, { recursive: true });
  }
}

/** Takes up what containers hold that run, unmounts what nobody holds, sweeps directories that belong to no volume. */
export async function reconcile(context: VolumeContext, live: readonly LiveVolumes[]): Promise<void> {
  for (const { containerId, volumeIds } of live) {
    for (const id of volumeIds) {
      const holders = context.holders.get(id) ?? new Set();
      context.holders.set(id, holders.add(containerId));
    }
  }
  const root = join(context.config.dataRoot, 'volumes');
  const mounted = new Set(readMountTable('self').map(({ mountPoint }) => mountPoint));
  for (const { id, name, options } of context.store.all()) {
    // What somebody mounted there by hand is none of ours.
    const path = dataOf(context.config, id);
    if (options === null || context.holders.has(id) || !mounted.has(path)) continue;
    context.log.info('unmounting a volume that nobody uses', { volume: name });
    await unmountData(path);
  }
  for (const name of readdirSync(root)) {
    if (name.startsWith(DRAFT)) removeDraft(context, name);
    else if (!context.store.get(name)) sweep(context, name);
    else sweepRestores(context, name);
  }
}

function removeDraft(context: VolumeContext, name: string): void {
  inBackground(context, 'remove a volume that was not finished', () => removeTree(homeOf(context.config, name)));
}

/** What an engine put together, or had replaced, when it died. */
function sweepRestores(context: VolumeContext, id: string): void {
  const home = homeOf(context.config, id);
  for (const name of readdirSync(home).filter((entry) => entry.startsWith(RESTORE)))
    inBackground(context, `remove ${name} of a volume`, () => removeTree(join(home, name)));
}

/** Empty ones are what a cut-short create left. One with data was somebody's: its row was lost, the data must not be. */
function sweep({ config, log }: VolumeContext, id: string): void {
  for (const path of [dataOf(config, id), homeOf(config, id)]) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') continue;
      log.warn('a directory among the volumes belongs to none; it has data and stays', { path, error });
      return;
    }
  }
}
