import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { O, openInRoot } from '../../linux/open-in-root.ts';
import type { Context } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import type { MountPoint } from '../parse/parse-mounts.ts';
import { remapOf } from '../remap/remap.ts';
import { mayHave, withImageRoot } from './image-root.ts';

/**
 * Fills the empty volumes of a new container with what its image has at their targets, owners and modes included.
 * The image is seen as a container sees it, links inside its root.
 * Errors: invalid where the image has a file at the target of one of its own volumes, or a volume cannot be mounted.
 */
export async function copyUp(context: Context, { id, imageId, spec }: ContainerRecord): Promise<void> {
  const volumes = spec.mounts.filter(({ type, copyUp: wanted }) => type === 'volume' && wanted);
  if (volumes.length === 0) return;
  const layers = context.images.layerDirectories(imageId);
  const filled = volumes.filter(({ target }) => mayHave(layers, target));
  if (filled.length === 0) return;
  const empty: MountPoint[] = [];
  try {
    for (const mount of filled) {
      const data = await context.volumes.hold(mount.id!, id);
      if (readdirSync(data).length === 0) empty.push(mount);
    }
    if (empty.length === 0) return;
    const remap = remapOf(context.remap, spec.remap);
    await withImageRoot(context, imageId, remap, async (root) => {
      for (const mount of empty) await fill(context, id, root, mount);
    });
  } finally {
    for (const mount of filled) context.volumes.release(mount.id!, id);
  }
}

async function fill(context: Context, containerId: string, root: string, mount: MountPoint): Promise<void> {
  const source = openTarget(root, mount);
  if (source === undefined) return;
  try {
    await context.volumes.fill(mount.id!, containerId, source);
  } finally {
    closeSync(source);
  }
}

function openTarget(root: string, { target, origin }: MountPoint): number | undefined {
  let fd: number;
  try {
    fd = openInRoot(root, target, O.PATH);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    if (fstatSync(fd).isDirectory()) return openSync(`/proc/self/fd/${fd}`, O.RDONLY | O.DIRECTORY);
  } finally {
    closeSync(fd);
  }
  if (origin !== 'volumes') return undefined;
  throw new BerthError('invalid', `cannot mount volume over existing file, file exists ${target}`);
}
