import { execFile } from 'node:child_process';
import { accessSync, closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BerthError, errnoOf, type Scope } from '@berth/kit';
import { MS, mount, unmount } from '../../linux/mount.ts';
import { O, openInRoot } from '../../linux/open-in-root.ts';
import { type ContainerPaths, type Context, pathsOf } from '../context.ts';
import type { ContainerRecord, ContainerSpec } from '../model.ts';
import { type MountPoint, parseMounts } from '../parse/parse-mounts.ts';
import type { MountFacts } from '../spec/mounts.ts';
import { joinedContainer, sharedShmPath } from './join.ts';

const run = promisify(execFile);
const INIT_PROGRAMS = ['/usr/bin/catatonit', '/usr/libexec/catatonit/catatonit', '/usr/bin/tini-static'];

/** The mounts of a container that was checked at create. */
export function mountPointsOf({ hostConfig, config }: ContainerSpec): MountPoint[] {
  return parseMounts({ hostConfig, volumes: config.Volumes });
}

/**
 * Makes what the mounts of a container need on the host: missing bind sources, anonymous volumes, shared memory.
 * Errors: invalid (a bind source went away), unavailable (no init program installed).
 */
export async function prepareMounts(
  context: Context,
  record: ContainerRecord,
  paths: ContainerPaths,
  mountPoints: MountPoint[],
  undo: Scope,
): Promise<Pick<MountFacts, 'volumes' | 'sharedShm' | 'init'>> {
  const { hostConfig } = record.spec;
  for (const point of mountPoints) if (point.type === 'bind') prepareSource(point);
  const volumes = new Map<string, string>();
  for (const point of mountPoints) {
    if (point.type === 'volume') volumes.set(point.target, await anonymousVolume(paths, point, volumes.size));
  }
  return { volumes, sharedShm: sharedMemory(context, record, undo), init: hostConfig.Init ? findInit() : undefined };
}

function prepareSource({ source, createSource }: MountPoint): void {
  if (createSource) {
    try {
      mkdirSync(source, { recursive: true });
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST')
        throw new BerthError('invalid', `error while creating mount source path '${source}': ${errnoOf(error)}`, {
          cause: error,
        });
    }
  }
  try {
    accessSync(source);
  } catch (cause) {
    throw new BerthError(
      'invalid',
      `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      { cause },
    );
  }
}

/**
 * A directory of the container's own in place of an anonymous volume, filled from the image the first time. No process
 * of the container runs yet, so what is copied cannot be exchanged meanwhile; links in the image stay inside its root.
 */
async function anonymousVolume(paths: ContainerPaths, point: MountPoint, index: number): Promise<string> {
  const dir = join(paths.home, 'volumes', String(index));
  try {
    mkdirSync(join(paths.home, 'volumes'), { recursive: true, mode: 0o711 });
    mkdirSync(dir);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return dir;
    throw error;
  }
  if (!point.copyUp) return dir;
  let fd: number;
  try {
    fd = openInRoot(paths.rootfs, point.target, O.RDONLY | O.DIRECTORY);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return dir;
    throw error;
  }
  try {
    // An absolute program, never one of the image; the descriptor pins the directory that was resolved.
    await run('/bin/cp', ['-a', '--', `/proc/${process.pid}/fd/${fd}/.`, dir]);
  } finally {
    closeSync(fd);
  }
  return dir;
}

/** /dev/shm that other containers can share: a file system of its own, mounted on the host beside the bundle. */
function sharedMemory(context: Context, record: ContainerRecord, undo: Scope): string | undefined {
  const { IpcMode, ShmSize } = record.spec.hostConfig;
  if (IpcMode === 'host') return '/dev/shm';
  const other = joinedContainer(context, IpcMode);
  if (other) return sharedShmPath(context, other.id);
  if (IpcMode !== 'shareable') return undefined;
  const dir = join(pathsOf(context.config, record.id).bundle, 'shm');
  mkdirSync(dir, { recursive: true });
  mount('shm', dir, 'tmpfs', MS.NOSUID | MS.NODEV | MS.NOEXEC, `mode=1777,size=${ShmSize}`);
  undo.add('unmount shared memory', () => unmount(dir, { lazy: true }));
  return dir;
}

function findInit(): string {
  for (const path of INIT_PROGRAMS) {
    try {
      accessSync(path);
      return path;
    } catch {
      // the next one
    }
  }
  throw new BerthError('unavailable', 'option --init needs an init program, and none is installed', {
    hint: 'Install one: apt-get install catatonit',
  });
}
