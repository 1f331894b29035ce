import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Scope } from '@berth/kit';
import { cgroupDirectories } from '../../linux/cgroup.ts';
import { type Context, cgroupOf, inBackground } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { releaseRealtime, reserveRealtime } from './realtime.ts';

/**
 * What a container needs of the groups above its own: those of `--cgroup-parent` that are not there yet are noted, so
 * that they go with their last container, and real-time CPU time is set aside. Errors: invalid (realtime.ts).
 */
export function prepareCgroupParents(context: Context, record: ContainerRecord, undo: Scope): void {
  const { CgroupParent, CpuRealtimeRuntime } = record.spec.hostConfig;
  if (CgroupParent === '' && CpuRealtimeRuntime <= 0) return;
  undo.add('give back the groups above the container', () => releaseCgroupParents(context, record));
  if (CgroupParent !== '') noteParents(context, dirname(cgroupOf(context.config, record)));
  reserveRealtime(context, record);
}

/** Gives them back when the container's own group is gone. */
export function releaseCgroupParents(context: Context, record: ContainerRecord): void {
  if (record.spec.hostConfig.CpuRealtimeRuntime > 0)
    inBackground(context, 'take back real-time CPU time', () => releaseRealtime(context, record));
  if (record.spec.hostConfig.CgroupParent !== '') removeEmptyParents(context);
}

function noteParents(context: Context, parent: string): void {
  const parts = parent.split('/').filter(Boolean);
  for (let count = 1; count <= parts.length; count++) {
    const group = `/${parts.slice(0, count).join('/')}`;
    if (cgroupDirectories(context.cgroups, group).some((directory) => existsSync(directory))) continue;
    mkdirSync(notesOf(context), { recursive: true, mode: 0o700 });
    writeFileSync(join(notesOf(context), encodeURIComponent(group)), '');
  }
}

/** Removes all groups that were made for containers and have none any more. */
export function removeEmptyParents(context: Context): void {
  const notes = notesOf(context);
  if (!existsSync(notes)) return;
  const groups = readdirSync(notes).map((name) => decodeURIComponent(name));
  // The longer path first: what is inside goes before what it is in.
  for (const group of groups.sort((a, b) => b.length - a.length)) {
    const left = cgroupDirectories(context.cgroups, group).filter((directory) => !removeEmpty(directory));
    if (left.length === 0) rmSync(join(notes, encodeURIComponent(group)), { force: true });
  }
}

/** True when it is gone. */
function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
  } catch {
    // EBUSY, ENOTEMPTY: somebody is in it
  }
  return !existsSync(directory);
}

/** Beside the groups' own life: both are gone after a restart of the host. */
const notesOf = ({ config }: Context) => join(config.execRoot, 'cgroup-parents');
