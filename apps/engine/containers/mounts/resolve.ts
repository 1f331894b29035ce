import { BerthError, isBerthError } from '@berth/kit';
import type { Context } from '../context.ts';
import type { ContainerSpec } from '../model.ts';
import type { MountPoint } from '../parse/parse-mounts.ts';
import { parseVolumesFrom } from '../parse/parse-volumes-from.ts';
import { besideOwnMounts } from './own-mounts.ts';

/** The mounts of a new container, and how to undo what was made for them. */
export interface ResolvedMounts {
  mounts: MountPoint[];
  undo(): void;
}

/**
 * Finds or makes the volumes and finds the images of a new container's mounts, and takes over those of other
 * containers (`--volumes-from`), which give way to its own. Synchronous: see VolumeSource.obtain.
 * Errors: invalid. Never not-found: clients take that for a missing image of the container.
 */
export function resolveMounts(
  context: Context,
  spec: Pick<ContainerSpec, 'hostConfig' | 'mounts'>,
  options: { readOnlyNonRecursive: boolean },
): ResolvedMounts {
  const { hostConfig, mounts: wishes } = spec;
  if (wishes.length === 0 && !hostConfig.VolumesFrom?.length) return { mounts: wishes, undo() {} };
  const made: string[] = [];
  const undo = () => {
    for (const id of made) context.volumes.removeAnonymous(id);
  };
  try {
    const byTarget = new Map(mountsFromOthers(context, hostConfig.VolumesFrom ?? []).map((m) => [m.target, m]));
    for (const wish of wishes) {
      // A volume of the image is made only where nothing else is mounted.
      if (wish.origin === 'volumes' && byTarget.has(wish.target)) continue;
      const mount = besideOwnMounts(context.config, resolveOne(context, wish, made));
      const old = options.readOnlyNonRecursive && mount.type === 'bind' && mount.recursiveReadOnly === 'if-possible';
      byTarget.set(wish.target, old ? { ...mount, recursiveReadOnly: 'no' } : mount);
    }
    return { mounts: [...byTarget.values()].sort((a, b) => depth(a.target) - depth(b.target)), undo };
  } catch (error) {
    undo();
    if (!isBerthError(error, 'not-found')) throw error;
    throw new BerthError('invalid', error.message, { cause: error, ...(error.hint && { hint: error.hint }) });
  }
}

function resolveOne(context: Context, wish: MountPoint, made: string[]): MountPoint {
  if (wish.type === 'image') return { ...wish, id: context.images.resolve(wish.source).id };
  if (wish.type !== 'volume') return wish;
  const { volume: how = { driver: '', labels: {}, options: {} }, ...mount } = wish;
  const { volume, isNew } = context.volumes.obtain({ name: wish.source, ...how });
  if (isNew) made.push(volume.id);
  return { ...mount, id: volume.id };
}

function mountsFromOthers(context: Context, references: readonly string[]): MountPoint[] {
  return references.flatMap((reference) => {
    const { container, readOnly } = parseVolumesFrom(reference);
    return context.store
      .resolve(container)
      .spec.mounts.filter(({ origin }) => origin !== 'tmpfs')
      .map((mount) => ({
        ...mount,
        origin: 'volumes-from' as const,
        readOnly: mount.readOnly || readOnly,
        recursiveReadOnly: mount.readOnly || !readOnly ? mount.recursiveReadOnly : ('if-possible' as const),
        copyUp: false,
        mode: '',
      }));
  });
}

function depth(path: string): number {
  return path.split('/').length;
}
