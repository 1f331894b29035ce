import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineConfig } from '../../config.ts';
import { setFrozen } from '../../linux/cgroup.ts';
import { type Context, cgroupOf } from '../context.ts';
import { usersOf } from './users.ts';

/**
 * Lets the running containers of a volume stand still until `thaw`. Their locks are held meanwhile, so that nobody
 * stops, pauses or starts them; each has a file in EXEC/frozen, by which the next engine lets them run on should this
 * one die. Containers that are paused stand still already.
 */
export async function freezeUsers(
  context: Context,
  volumeId: string,
): Promise<{ containers: string[]; thaw(): Promise<void> }> {
  const ids = usersOf(context, volumeId).sort();
  const frozen: string[] = [];
  const done = Promise.withResolvers<void>();
  const held: Promise<void>[] = [];
  const thaw = async () => {
    done.resolve();
    await Promise.all(held);
  };
  try {
    for (const id of ids) {
      const begun = Promise.withResolvers<void>();
      held.push(
        context.lock.run(id, async () => {
          const is = await freezeOne(context, id).finally(begun.resolve);
          if (!is) return;
          frozen.push(id);
          await done.promise;
          await thawOne(context, id);
        }),
      );
      await Promise.race([begun.promise, held.at(-1)]);
    }
  } catch (error) {
    await thaw().catch(() => undefined);
    throw error;
  }
  return { containers: frozen, thaw };
}

/** True when it runs and stands still now. The caller holds its lock. */
async function freezeOne(context: Context, id: string): Promise<boolean> {
  const record = context.store.get(id);
  if (record?.state.status !== 'running') return false;
  mkdirSync(frozenOf(context.config), { recursive: true, mode: 0o700 });
  writeFileSync(join(frozenOf(context.config), id), '');
  try {
    await setFrozen(context.cgroups, cgroupOf(context.config, record), true);
    return true;
  } catch {
    // It ended meanwhile, or cannot stand still: what is half frozen runs on.
    await thawOne(context, id);
    return false;
  }
}

async function thawOne(context: Context, id: string): Promise<void> {
  const record = context.store.get(id);
  try {
    if (record) await setFrozen(context.cgroups, cgroupOf(context.config, record), false);
  } catch (error) {
    context.log.debug('a container that stood still is gone', { container: id, error });
  }
  rmSync(join(frozenOf(context.config), id), { force: true });
}

/** Lets run on what stood still when the last engine died. Comes before anybody looks whether containers are paused. */
export async function thawLeftovers(context: Context): Promise<void> {
  mkdirSync(frozenOf(context.config), { recursive: true, mode: 0o700 });
  for (const id of readdirSync(frozenOf(context.config))) await thawOne(context, id);
}

function frozenOf(config: EngineConfig): string {
  return join(config.execRoot, 'frozen');
}
