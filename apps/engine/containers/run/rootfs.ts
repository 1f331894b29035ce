import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, errnoOf, KeyedLock } from '@berth/kit';
import { mount, unmount, unmountInBackground } from '../../linux/mount.ts';
import type { ContainerPaths } from '../context.ts';
import { letThrough, type Remap, withMappedLayers } from '../remap/remap.ts';

/** The kernel takes mount options of one page, its end mark included. */
const MAX_OPTIONS = 4095;

/**
 * Mounts a container's root file system: image layers below, its own layer on top. `volatile` leaves out all syncing,
 * for containers that are removed at their end; the mark that the kernel leaves then, and when files were being copied into
 * the container as an engine died, is cleared first.
 */
export function mountRootfs(
  paths: ContainerPaths,
  layers: string[],
  options: { dataRoot: string; volatile: boolean; remap?: Remap | undefined },
): void {
  mkdirSync(paths.rootfs, { recursive: true });
  rmSync(join(paths.work, 'work', 'incompat'), { recursive: true, force: true });
  const lower = layers.length > 0 ? layers : [emptyLayer(options.dataRoot)];
  if (options.remap === undefined) {
    mountOverlay(paths, lower, options);
    return;
  }
  letThrough(options.remap, paths.bundle);
  withMappedLayers(options.remap, lower, join(paths.bundle, 'layers'), (mapped) =>
    mountOverlay(paths, mapped, options),
  );
  rmSync(join(paths.bundle, 'layers'), { recursive: true, force: true });
}

function mountOverlay(paths: ContainerPaths, lower: string[], options: { dataRoot: string; volatile: boolean }): void {
  const full = overlayOptions(lower, paths.upper, paths.work, options.volatile);
  if (full.length <= MAX_OPTIONS) {
    mount('overlay', paths.rootfs, 'overlay', 0, full);
    return;
  }
  // Paths relative to the data root are shorter. Everything here is synchronous, so nobody sees the other directory.
  const short = (path: string) =>
    path.startsWith(`${options.dataRoot}/`) ? path.slice(options.dataRoot.length + 1) : path;
  const before = process.cwd();
  process.chdir(options.dataRoot);
  try {
    mount(
      'overlay',
      paths.rootfs,
      'overlay',
      0,
      overlayOptions(lower.map(short), short(paths.upper), short(paths.work), options.volatile),
    );
  } finally {
    process.chdir(before);
  }
}

/** What runtimes mount at the root of every container, by paths that runc below 1.3.6 does not resolve safely. */
const STANDARD_DIRECTORIES = ['dev', 'proc', 'sys'];

/**
 * Refuses a root whose standard directories are links: runc would make device links where they lead, on the host
 * (CVE-2026-41579). Looked at after mounting and before anything runs in it, so it stays true. Errors: invalid.
 */
export function checkStandardDirectories({ rootfs }: ContainerPaths): void {
  for (const name of STANDARD_DIRECTORIES) {
    const stat = lstatSync(join(rootfs, name), { throwIfNoEntry: false });
    if (stat === undefined || stat.isDirectory()) continue;
    throw new BerthError(
      'invalid',
      `/${name} of the image is ${stat.isSymbolicLink() ? 'a symbolic link' : 'not a directory'}: nothing can be run in it`,
      { hint: 'Such an image is broken or hostile.' },
    );
  }
}

function overlayOptions(lower: string[], upper: string, work: string, isVolatile: boolean): string {
  return `lowerdir=${lower.join(':')},upperdir=${upper},workdir=${work}${isVolatile ? ',volatile' : ''}`;
}

/** overlayfs wants a lower directory; an image without layers has none. */
function emptyLayer(dataRoot: string): string {
  const dir = join(dataRoot, 'l', 'empty');
  mkdirSync(dir, { recursive: true });
  return dir;
}

/**
 * Unmounts what is mounted at a container's root, if anything. Without `volatile` the kernel first writes out the whole
 * file system below, which can take seconds: it happens off the event loop, and one after the other, because each
 * would hold one of the few pool threads.
 */
export async function unmountRootfs(paths: ContainerPaths, options: { volatile: boolean }): Promise<void> {
  try {
    if (options.volatile) unmount(paths.rootfs);
    else await unmounts.run('one at a time', () => unmountInBackground(paths.rootfs));
  } catch (error) {
    if (errnoOf(error) === 'EBUSY') unmount(paths.rootfs, { lazy: true });
    else if (!['EINVAL', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error; // not mounted: nothing to do
  }
}

const unmounts = new KeyedLock();

/** Removes a container's bundle. Never goes into a file system that is mounted: what is left mounted there is let go first. */
export function removeBundle(paths: ContainerPaths): void {
  if (!existsSync(paths.bundle)) return;
  try {
    for (const entry of readdirSync(paths.bundle))
      if (entry !== 'rootfs') rmSync(join(paths.bundle, entry), { recursive: true, force: true });
    for (const dir of [paths.rootfs, paths.bundle]) removeEmpty(dir);
  } catch (error) {
    if (!['ENOTEMPTY', 'EBUSY'].includes(errnoOf(error) ?? '')) throw error;
    // A runtime that outlived its engine may have mounted or written here meanwhile.
    for (const point of mountsBelow(paths.bundle)) unmount(point, { lazy: true });
    rmSync(paths.bundle, { recursive: true, force: true });
  }
}

/** Mount points at or below a directory, deepest first (proc_pid_mountinfo(5)). */
function mountsBelow(dir: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point === dir || point.startsWith(`${dir}/`))
    .reverse();
}

function removeEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
