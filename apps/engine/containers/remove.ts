import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kit';
import { removeTree } from '../linux/remove-tree.ts';
import { type Context, eventAttributes, inBackground, pathsOf } from './context.ts';
import { release, vacate } from './ended.ts';
import { withoutReaders } from './logs/index.ts';
import type { ContainerRecord } from './model.ts';
import { removeAnonymousVolumes } from './mounts/release.ts';
import { removeLink } from './remove-link.ts';
import type { ContainerService } from './service.ts';
import { forgetStart } from './start-ahead.ts';
import { cancelRestart, isActive, killRecord } from './stop.ts';

/** Removes a container and its files. Errors: not-found; conflict when it runs and `force` is not set. */
export const remove =
  (context: Context): ContainerService['remove'] =>
  async (name, { force, link, volumes }) => {
    if (link) return removeLink(context, name);
    const { id } = context.store.resolve(name);
    for (let gone = false; !gone; ) {
      if (force) await endRuns(context, id);
      gone = await context.lock.run(id, async () => {
        const now = context.store.get(id);
        if (!now) return true; // removed itself meanwhile (--rm)
        if (force && isActive(now)) return false; // somebody started it in between
        refuseActive(now);
        await removeLocked(context, id, { volumes });
        return true;
      });
    }
  };

async function endRuns(context: Context, id: string): Promise<void> {
  await cancelRestart(context, id);
  const record = context.store.get(id);
  if (record && isActive(record)) await killRecord(context, record);
}

function refuseActive(record: ContainerRecord): void {
  const refuse = (what: string) => new BerthError('conflict', `cannot remove container "/${record.name}": ${what}`);
  switch (record.state.status) {
    case 'running':
      throw refuse('container is running: stop the container before removing or force remove');
    case 'paused':
      throw refuse('container is paused and must be unpaused first');
    case 'restarting':
      throw refuse('container is restarting: stop the container before removing or force remove');
    default:
  }
}

/**
 * Removes a container that does not run, with `volumes` also its anonymous volumes, as one that removes itself does.
 * Its files are moved aside at once and removed after the answer. The caller holds the container's lock.
 */
export async function removeLocked(context: Context, id: string, { volumes = false } = {}): Promise<void> {
  const record = context.store.get(id);
  if (!record) return;
  await forgetStart(context, id);
  const inUse = record.sandbox !== undefined || existsSync(pathsOf(context.config, id).bundle);
  if (inUse) await vacate(context, record);
  context.store.delete(id); // the row first: files without a row are swept at the next start, a row without files is a broken container
  if (volumes || record.spec.hostConfig.AutoRemove) removeAnonymousVolumes(context, record);
  context.execs.forgetContainer(id);
  context.publish('container', 'destroy', id, eventAttributes(record));
  const live = context.live.of(id);
  live.removed({ StatusCode: 'exitCode' in record.state ? record.state.exitCode : 0 });
  if (inUse) await release(context, record);
  moveAside(context, id, live.released);
  context.live.forget(id);
}

/** A directory that holds what is being removed; emptied at start, should an engine die meanwhile. */
export function trashOf(dataRoot: string): string {
  return join(dataRoot, 'trash');
}

/** Moves a container's files out of the way and removes them when nothing is mounted from them any more. */
export function moveAside(context: Context, id: string, released: Promise<void>): void {
  const { home } = pathsOf(context.config, id);
  if (!existsSync(home)) return;
  const trash = trashOf(context.config.dataRoot);
  mkdirSync(trash, { recursive: true, mode: 0o700 });
  const target = join(trash, id);
  renameSync(home, target);
  inBackground(context, `remove the files of container ${id}`, async () => {
    await released;
    await context.shipping.finish(id);
    await withoutReaders(pathsOf(context.config, id).logFile); // an attached client that is slow has yet to get the last lines
    await removeTree(target);
  });
}
