import { accessSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, errnoOf, type Scope } from '@berth/kit';
import { MS, mount, unmount } from '../../linux/mount.ts';
import { type Context, pathsOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { checkPropagation } from '../mounts/propagation.ts';
import { prepareSources } from '../mounts/sources.ts';
import type { MountPoint } from '../parse/parse-mounts.ts';
import type { MountFacts } from '../spec/mounts.ts';
import { joinedContainer, sharedShmPath } from './join.ts';

const INIT_PROGRAMS = ['/usr/bin/catatonit', '/usr/libexec/catatonit/catatonit', '/usr/bin/tini-static'];

/** What the mounts of a container need on the host, and how to let go of what only the runtime has to see. */
export interface PreparedMounts extends Pick<MountFacts, 'sources' | 'sharedShm' | 'init'> {
  dismantle(): void;
}

/**
 * Makes what the mounts of a container need on the host: missing bind sources, volumes, images, shared memory.
 * Errors: invalid (a bind source went away, a volume cannot be mounted), unavailable (no init program installed).
 */
export async function prepareMounts(context: Context, record: ContainerRecord, undo: Scope): Promise<PreparedMounts> {
  const { hostConfig, mounts } = record.spec;
  for (const mount of mounts) {
    if (mount.type !== 'bind') continue;
    prepareSource(mount);
    checkPropagation(mount);
  }
  const { sources, dismantle } = await prepareSources(context, record, undo);
  const init = hostConfig.Init ? (context.config.initPath ?? findInit()) : undefined;
  return { sources, dismantle, sharedShm: sharedMemory(context, record, undo), init };
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

/** /dev/shm that other containers can share: a file system of its own, mounted on the host beside the bundle. */
function sharedMemory(context: Context, record: ContainerRecord, undo: Scope): string | undefined {
  const { IpcMode, ShmSize } = record.spec.hostConfig;
  if (IpcMode === 'host') return '/dev/shm';
  const other = joinedContainer(context, IpcMode);
  if (other) return sharedShmPath(context, other.id);
  if (IpcMode !== 'shareable') return undefined;
  const dir = join(pathsOf(context.config, record.id).bundle, 'shm');
  mkdirSync(dir, { recursive: true });
  mount('shm', dir, 'tmpfs', MS.NOSUID | MS.NODEV | MS.NOEXEC, `mode=1777,size=${ShmSize}${ownerOf(record)}`);
  undo.add('unmount shared memory', () => unmount(dir, { lazy: true }));
  return dir;
}

function ownerOf({ spec: { remap } }: ContainerRecord): string {
  return remap ? `,uid=${remap.users.first},gid=${remap.groups.first}` : '';
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
