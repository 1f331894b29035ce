import { lstatSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '@berth/oci';
import { MS, mount, unmount } from '../../linux/mount.ts';
import { type Context, stageOf } from '../context.ts';
import { type Remap, withMappedLayers } from '../remap/remap.ts';

let serial = 0;

/** Mounts all of an image, read-only, for as long as `use` runs. One of a single layer is that layer's directory. */
export async function withImageRoot<T>(
  context: Context,
  image: Digest,
  remap: Remap | undefined,
  use: (root: string) => Promise<T> | T,
): Promise<T> {
  const layers = context.images.layerDirectories(image);
  if (layers.length === 1 && !remap) return use(layers[0]!);
  const root = join(stageOf(context.config), `image-${serial++}`);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  try {
    mountImage(context, layers, root, remap);
    try {
      return await use(root);
    } finally {
      unmount(root, { lazy: true });
    }
  } finally {
    rmdirSync(root);
  }
}

/** Mounts an image's layers, read-only; as the user namespace sees them, where there is one. */
export function mountImage(
  context: Pick<Context, 'config'>,
  layers: string[],
  place: string,
  remap: Remap | undefined,
): void {
  if (!remap || layers.length === 0) {
    mountLayers(context, layers, place);
    return;
  }
  const mapped = join(stageOf(context.config), `layers-${serial++}`);
  try {
    withMappedLayers(remap, layers, mapped, (directories) => mountLayers(context, directories, place));
  } finally {
    rmSync(mapped, { recursive: true, force: true });
  }
}

function mountLayers({ config }: Pick<Context, 'config'>, layers: string[], place: string): void {
  if (layers.length === 0) {
    mount('tmpfs', place, 'tmpfs', MS.RDONLY, 'size=0');
    return;
  }
  if (layers.length === 1) {
    mount(layers[0]!, place, null, MS.BIND, null);
    mount('', place, null, MS.REMOUNT | MS.BIND | MS.RDONLY, null);
    return;
  }
  // Relative paths are shorter: mount options fit one page. Everything here is synchronous, so nobody sees the change.
  const before = process.cwd();
  process.chdir(config.dataRoot);
  try {
    const short = layers.map((path) =>
      path.startsWith(`${config.dataRoot}/`) ? path.slice(config.dataRoot.length + 1) : path,
    );
    mount('overlay', place, 'overlay', MS.RDONLY, `lowerdir=${short.join(':')}`);
  } finally {
    process.chdir(before);
  }
}

/** Whether an image may have something at a path: false only where no layer has its first part. */
export function mayHave(layers: readonly string[], path: string): boolean {
  const [first = ''] = path.split('/').filter((part) => part !== '');
  return layers.some((layer) => lstatSync(join(layer, first), { throwIfNoEntry: false }) !== undefined);
}
