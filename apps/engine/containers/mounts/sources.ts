import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { BerthError, errnoOf, type Scope } from '@berth/kit';
import type { Digest } from '@berth/oci';
import { MS, mount as mountAt, unmount } from '../../linux/mount.ts';
import { O, openBeneath } from '../../linux/open-in-root.ts';
import { type Context, stageOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import type { MountPoint } from '../parse/parse-mounts.ts';
import { type Remap, remapOf } from '../remap/remap.ts';
import { mountImage } from './image-root.ts';
import { releaseVolumes } from './release.ts';

/** Where the volumes and images of a container are for the runtime. */
export interface MountSources {
  /** Host path by target. */
  sources: ReadonlyMap<string, string>;
  /** Lets go of what was put together for the runtime alone, once the container has its own mounts of it. */
  dismantle(): void;
}

/**
 * Makes the volumes and images of a container ready. What is mounted of them by a path inside is opened by the kernel
 * without leaving them and put at a place of its own, which means that file whatever becomes of its name.
 * Errors: invalid.
 */
export async function prepareSources(context: Context, record: ContainerRecord, undo: Scope): Promise<MountSources> {
  const sources = new Map<string, string>();
  const stages = new Stages(context, record.id);
  if (record.spec.mounts.every(({ type }) => type !== 'volume' && type !== 'image')) {
    return { sources, dismantle() {} };
  }
  const remap = remapOf(context.remap, record.spec.remap);
  undo.add('let go of volumes', () => releaseVolumes(context, record));
  undo.add('let go of mounts for the runtime', () => stages.dismantle());
  for (const mount of record.spec.mounts) {
    if (mount.type === 'image') sources.set(mount.target, stageImage(context, stages, mount, remap));
    if (mount.type !== 'volume') continue;
    const path = await context.volumes.hold(mount.id!, record.id);
    if (remap) handOver(path, remap);
    sources.set(mount.target, mount.subpath === '' ? path : stageSubpath(stages, path, mount));
    announce(context, record, mount);
  }
  return { sources, dismantle: () => stages.dismantle() };
}

/** A volume that nothing was written to yet is the container's root user's, as with Docker. */
function handOver(path: string, { users, groups }: Remap): void {
  const { uid, gid } = statSync(path);
  if (uid === 0 && gid === 0 && readdirSync(path).length === 0) chownSync(path, users.first, groups.first);
}

function announce(context: Context, record: ContainerRecord, mount: MountPoint): void {
  const volume = context.volumes.get(mount.id!);
  if (!volume) return;
  context.publish('volume', 'mount', volume.name, {
    container: record.id,
    destination: mount.target,
    driver: volume.driver,
    propagation: mount.propagation,
    'read/write': String(!mount.readOnly),
  });
}

function stageImage(context: Context, stages: Stages, mount: MountPoint, remap: Remap | undefined): string {
  const root = stages.directory();
  mountImage(context, context.images.layerDirectories(mount.id as Digest), root, remap);
  return mount.subpath === '' ? root : stageSubpath(stages, root, mount);
}

function stageSubpath(stages: Stages, root: string, { type, source, subpath }: MountPoint): string {
  let fd: number;
  try {
    fd = openBeneath(root, subpath, O.PATH);
  } catch (cause) {
    const reason = errnoOf(cause) === 'EXDEV' || errnoOf(cause) === 'ELOOP' ? 'it leads out of it' : errnoOf(cause);
    throw new BerthError('invalid', `cannot mount ${JSON.stringify(subpath)} of ${type} ${source}: ${reason}`, {
      cause,
      hint: `Only what is inside the ${type} already can be mounted by a subpath.`,
    });
  }
  try {
    const place = fstatSync(fd).isDirectory() ? stages.directory() : stages.file();
    mountAt(`/proc/self/fd/${fd}`, place, null, MS.BIND | MS.REC, null);
    return place;
  } finally {
    closeSync(fd);
  }
}

/** Places below EXEC/stage that are mounted on while a container is created. */
class Stages {
  readonly #context: Context;
  readonly #id: string;
  readonly #places: string[] = [];

  constructor(context: Context, id: string) {
    this.#context = context;
    this.#id = id;
  }

  directory(): string {
    const place = this.#next();
    mkdirSync(place, { mode: 0o700 });
    return place;
  }

  file(): string {
    const place = this.#next();
    writeFileSync(place, '', { mode: 0o600 });
    return place;
  }

  dismantle(): void {
    for (const place of this.#places.splice(0).reverse()) removePlace(place);
  }

  #next(): string {
    const stage = stageOf(this.#context.config);
    mkdirSync(stage, { recursive: true, mode: 0o700 });
    const place = join(stage, `${this.#id}-source-${this.#places.length}`);
    this.#places.push(place);
    return place;
  }
}

/** Unmounts and removes a place; never a file in what was mounted there. */
export function removePlace(place: string): void {
  for (let mounted = true; mounted; ) {
    try {
      unmount(place, { lazy: true });
    } catch (error) {
      if (!['EINVAL', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
      mounted = false;
    }
  }
  if (!existsSync(place)) return;
  try {
    rmdirSync(place);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR') throw error;
    unlinkSync(place);
  }
}
