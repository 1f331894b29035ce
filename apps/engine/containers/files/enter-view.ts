import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';
import { changeDirectory, rootHere } from '../../linux/chroot.ts';
import { closeForeign } from '../../linux/close.ts';
import { mountIdmapped } from '../../linux/idmapped-mount.ts';
import { ensureDirectoryInRoot, ensureFileInRoot } from '../../linux/make-in-root.ts';
import { MS, mount } from '../../linux/mount.ts';
import type { MountEntry } from '../../linux/mount-table.ts';
import { attachTree, cloneTree, MOUNT_ATTR, restrictTree } from '../../linux/mount-tree.ts';
import { O, openInRoot, openInRootFd } from '../../linux/open-in-root.ts';
import type { ThreadMounts } from '../../linux/thread-mounts.ts';
import type { View, ViewMount } from './protocol.ts';

/**
 * Makes the files of a view the root of the calling worker thread, in a mount namespace of its own that ends when it
 * leaves: nothing is mounted where anybody else sees it, nothing is left when the engine is killed. Devices cannot be
 * opened there, and where `writable` is false nothing can be written. The caller calls `mounts.leave` in any case.
 */
export function enterView(mounts: ThreadMounts, view: View, { writable }: { writable: boolean }): void {
  switch (view.kind) {
    case 'running':
      mounts.enterCopyOf(view.namespace);
      hideSystem(mounts);
      restrictRoot(writable);
      return;
    case 'mounted':
      withForeign(cloneTree(view.rootfs, { recursive: false }), (tree) => {
        restrictTree(tree, attributesFor(writable));
        becomeRoot(tree);
      });
      return;
    case 'layers':
      enterLayers(mounts, view, writable);
      return;
    case 'compared':
      enterImage(mounts, view);
  }
}

/**
 * What the kernel shows of itself: no files of the container, and its links lead out of every root. Docker does not show
 * them either.
 */
const SYSTEM = new Set([
  ...['proc', 'sysfs', 'cgroup', 'cgroup2', 'devpts', 'mqueue', 'securityfs', 'debugfs', 'tracefs', 'configfs', 'bpf'],
  ...['efivarfs', 'pstore', 'fusectl', 'binfmt_misc', 'selinuxfs', 'nsfs', 'hugetlbfs'],
]);
const HIDE_ROUNDS = 20;

/** Looks at the kernel's table again after each round: names may have been exchanged while they were walked. */
function hideSystem(mounts: ThreadMounts): void {
  for (let round = 0; round < HIDE_ROUNDS; round++) {
    const seen = visibleSystem(mounts.table());
    if (seen.length === 0) return;
    for (const { mountPoint } of seen.reverse()) hide(mounts, mountPoint);
  }
  throw new BerthError('conflict', 'the file systems of the container change too fast to be looked at');
}

function visibleSystem(table: MountEntry[]): MountEntry[] {
  const covered = (index: number, point: string) =>
    table.some((entry, at) => at > index && entry.mountPoint === point && entry.fileSystem === COVER);
  return table.filter(
    ({ fileSystem, mountPoint }, index) =>
      (SYSTEM.has(fileSystem) || (mountPoint === '/dev' && fileSystem === 'tmpfs')) && !covered(index, mountPoint),
  );
}

function hide(mounts: ThreadMounts, mountPoint: string): void {
  try {
    mounts.detach(mountPoint);
  } catch (error) {
    // ENOENT: gone with what it was mounted in. EINVAL: moved meanwhile, or locked, as in user namespaces.
    if (!['ENOENT', 'EINVAL', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) throw error;
    if (errnoOf(error) === 'EINVAL') cover(mountPoint);
  }
}

/** An empty file system of a kind that containers do not have. */
const COVER = 'ramfs';

function cover(mountPoint: string): void {
  try {
    mount(COVER, mountPoint, COVER, MS.NOSUID | MS.NODEV | MS.NOEXEC | MS.RDONLY, null);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) throw error;
  }
}

function attributesFor(writable: boolean): number {
  return MOUNT_ATTR.NODEV | MOUNT_ATTR.NOEXEC | (writable ? 0 : MOUNT_ATTR.RDONLY);
}

function restrictRoot(writable: boolean): void {
  withDescriptor(openSync('/', O.PATH | O.DIRECTORY), (root) => restrictTree(root, attributesFor(writable)));
}

function becomeRoot(directory: number): void {
  changeDirectory(directory);
  rootHere();
}

function enterLayers(mounts: ThreadMounts, view: View & { kind: 'layers' }, writable: boolean): void {
  // Copied while the host is in sight. overlayfs takes only layers of the namespace that it is mounted in.
  const data = cloneTree(view.dataRoot, { recursive: true });
  const users = view.userNamespace === undefined ? undefined : openSync(view.userNamespace, 'r');
  const trees: { tree: number; mount: ViewMount }[] = [];
  try {
    for (const one of [...view.mounts].sort((a, b) => a.target.length - b.target.length)) {
      const tree = cloneTree(one.source, one);
      trees.push({ tree, mount: one });
      if (one.readOnly) restrictTree(tree, MOUNT_ATTR.RDONLY);
    }
    if (writable || view.work !== '') forgetVolatile(view);
    mounts.enterEmpty();
    withDescriptor(openSync(DATA, O.PATH | O.DIRECTORY), (place) => attachTree(data, place));
    // Layers are named from here: a page has to do for all of them.
    changeDirectory(data);
    const lower = users === undefined ? view.lower : mapLayers(view.lower, users);
    mountLayers(mounts, { ...view, lower }, writable, () => trees.every(({ mount: { target } }) => exists(target)));
    if (users !== undefined) for (const place of lower) mounts.detach(place);
    mounts.detach(DATA);
    for (const { tree, mount: one } of trees) attach(tree, one.target);
    restrictTreeAt(ROOT, writable);
    withDescriptor(openSync(ROOT, O.PATH | O.DIRECTORY), becomeRoot);
    // Of the host, where somebody mounts that.
    if (trees.length > 0) hideSystem(mounts);
  } finally {
    closeForeign(data);
    if (users !== undefined) closeSync(users);
    for (const { tree } of trees) closeForeign(tree);
  }
}

/** The mark of a mount that did not care for syncing; with it the kernel refuses every further mount. */
export function forgetVolatile({ dataRoot, work }: { dataRoot: string; work: string }): void {
  rmSync(join(dataRoot, work, 'work', 'incompat'), { recursive: true, force: true });
}

/** Layers with their owners moved into a user namespace, each at a place of its own. */
function mapLayers(layers: string[], users: number): string[] {
  return layers.map((layer, index) => {
    const place = `${MAPPED}/${index}`;
    mkdirSync(place, { recursive: true, mode: 0o700 });
    mountIdmapped(layer, place, users);
    return place;
  });
}

/** Mounts the layers at ROOT: to be written to where that is asked for, or where places to mount on have to be made. */
function mountLayers(
  mounts: ThreadMounts,
  { lower, upper, work }: View & { kind: 'layers' },
  writable: boolean,
  isComplete: () => boolean,
): void {
  // Nothing of an existing file is changed here, so that a crash can at most lose what was just copied: as with any copy.
  const top = `upperdir=${upper},workdir=${work},volatile`;
  if (!writable) {
    mount('overlay', ROOT, 'overlay', MS.RDONLY, layersOf([upper, ...lower]));
    if (isComplete()) return;
    mounts.detach(ROOT);
  }
  mount('overlay', ROOT, 'overlay', 0, layersOf(lower, top));
}

/** One layer alone is its directory: overlayfs wants two at least. */
function enterImage(mounts: ThreadMounts, { dataRoot, lower, upper }: View & { kind: 'compared' }): void {
  const own = openSync(join(dataRoot, upper), O.RDONLY | O.DIRECTORY);
  try {
    if (lower.length === 1) withDescriptor(openSync(join(dataRoot, lower[0]!), O.PATH | O.DIRECTORY), becomeRoot);
    else
      enterLayers(
        mounts,
        {
          kind: 'layers',
          dataRoot,
          lower: lower.slice(1),
          upper: lower[0]!,
          work: '',
          mounts: [],
          userNamespace: undefined,
        },
        false,
      );
    changeDirectory(own);
  } finally {
    closeSync(own);
  }
}

/** Where a view is put together in a namespace of nothing else. */
const ROOT = '/a';
const DATA = '/b';
const MAPPED = '/mapped';

function layersOf(lower: string[], more?: string): string {
  return `lowerdir=${lower.join(':')}${more === undefined ? '' : `,${more}`}`;
}

function exists(target: string): boolean {
  try {
    closeForeign(openInRoot(ROOT, target, O.PATH));
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/**
 * Makes the mount point where the image has none, as a start would. No process of the container runs, but others may have
 * what it lies in. Errors: conflict when it cannot be found or made, or changes while it is looked for.
 */
function attach(tree: number, target: string): void {
  try {
    attachAt(tree, target);
  } catch (cause) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'EEXIST', 'EINVAL', 'EROFS', 'EXDEV'].includes(errnoOf(cause) ?? ''))
      throw cause;
    throw new BerthError('conflict', `cannot mount at ${target} of the container: there is no such place`, { cause });
  }
}

function attachAt(tree: number, target: string): void {
  if (!exists(target)) {
    if (isDirectory(tree)) ensureDirectoryInRoot(ROOT, target, 0o755);
    else ensureFileInRoot(ROOT, target, 0o644);
  }
  withDescriptor(openSync(ROOT, O.PATH | O.DIRECTORY), (root) =>
    withForeign(openInRootFd(root, target, O.PATH), (place) => attachTree(tree, place)),
  );
}

function isDirectory(tree: number): boolean {
  try {
    closeForeign(openInRootFd(tree, '.', O.PATH | O.DIRECTORY));
    return true;
  } catch {
    return false;
  }
}

function restrictTreeAt(path: string, writable: boolean): void {
  withDescriptor(openSync(path, O.PATH | O.DIRECTORY), (tree) => restrictTree(tree, attributesFor(writable)));
}

function withDescriptor(fd: number, work: (fd: number) => void): void {
  try {
    work(fd);
  } finally {
    closeSync(fd);
  }
}

/** For descriptors that were not opened by Node. */
function withForeign(fd: number, work: (fd: number) => void): void {
  try {
    work(fd);
  } finally {
    closeForeign(fd);
  }
}
