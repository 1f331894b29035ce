import { closeSync, existsSync, openSync } from 'node:fs';
import { relative } from 'node:path';
import { BerthError, errnoOf, Scope } from '@berth/kit';
import { O, openBeneath } from '../../linux/open-in-root.ts';
import { isRunning } from '../../linux/process.ts';
import { type Context, pathsOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { remapOf } from '../remap/remap.ts';
import { INIT_PATH } from '../spec/mounts.ts';
import { isActive } from '../stop.ts';
import type { View, ViewMount } from './protocol.ts';

/** A view with what has to be let go of after its use. */
export interface OpenView extends AsyncDisposable {
  view: View;
}

/** All that a container sees: of a running one with everything that is mounted in it. The caller holds the lock where it does not run. */
export async function openView(context: Context, record: ContainerRecord): Promise<OpenView> {
  const scope = new Scope();
  try {
    const view = isActive(record)
      ? runningView(record, scope)
      : layersView(context, record, await viewMounts(context, record, scope));
    return { view, [Symbol.asyncDispose]: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** The root file system alone, without what is mounted in it: what belongs to the container itself. */
export async function openRootView(context: Context, record: ContainerRecord): Promise<OpenView> {
  const view: View = isActive(record)
    ? { kind: 'mounted', rootfs: pathsOf(context.config, record.id).rootfs }
    : layersView(context, record, []);
  return { view, async [Symbol.asyncDispose]() {} };
}

/** The container's own layer beside its image. */
export function comparedView({ config, images }: Context, record: ContainerRecord): View {
  const { dataRoot } = config;
  const lower = images.layerDirectories(record.imageId).map((path) => relative(dataRoot, path));
  return { kind: 'compared', dataRoot, lower, upper: relative(dataRoot, pathsOf(config, record.id).upper) };
}

/** Where runtimes make what they mount on, if the image does not have it. */
export const PLACEHOLDERS = [
  ...['/dev', '/proc', '/sys', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf', INIT_PATH],
  ...['/dev/console', '/dev/mqueue', '/dev/pts', '/dev/shm'],
];

function runningView({ id, state }: ContainerRecord, scope: Scope): View {
  const ended = () =>
    new BerthError('conflict', `container ${id} has just ended: try again`, { details: { ended: true } });
  if (state.status !== 'running' && state.status !== 'paused') throw ended();
  let namespace: number;
  try {
    namespace = openSync(`/proc/${state.pid}/ns/mnt`, 'r');
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw cause;
    throw ended();
  }
  scope.add('close the mount namespace', () => closeSync(namespace));
  // Asked after it was opened: a number that was used again is no longer the same process.
  if (!isRunning({ pid: state.pid, startTime: state.pidStartTime })) throw ended();
  return { kind: 'running', namespace };
}

function layersView({ config, images, remap }: Context, record: ContainerRecord, mounts: ViewMount[]): View {
  const { dataRoot } = config;
  const { upper, work } = pathsOf(config, record.id);
  const below = (path: string) => relative(dataRoot, path);
  const lower = images.layerDirectories(record.imageId).map(below);
  const userNamespace = remapOf(remap, record.spec.remap)?.path;
  return { kind: 'layers', dataRoot, lower, upper: below(upper), work: below(work), mounts, userNamespace };
}

let serial = 0;

/** What a start would mount of the host. Sources that are missing, tmpfs and images are left out. */
async function viewMounts(context: Context, record: ContainerRecord, scope: Scope): Promise<ViewMount[]> {
  const found: ViewMount[] = [];
  // A start may come while files are still read: it holds the volumes for itself.
  const holder = `${record.id} files ${serial++}`;
  for (const { type, id = '', source, target, readOnly, recursive, subpath } of record.spec.mounts) {
    if (type === 'bind' && existsSync(source)) found.push({ source, target, readOnly, recursive });
    if (type !== 'volume') continue;
    const path = await context.volumes.hold(id, holder);
    scope.add('let go of a volume', () => void context.volumes.release(id, holder));
    if (subpath === '') found.push({ source: path, target, readOnly, recursive: true });
    else {
      const fd = openBeneath(path, subpath, O.PATH);
      scope.add('close a part of a volume', () => closeSync(fd));
      found.push({ source: `/proc/self/fd/${fd}`, target, readOnly, recursive: true });
    }
  }
  return found;
}
