import { closeSync, openSync } from 'node:fs';
import { changeDirectory, rootHere } from '../../linux/chroot.ts';
import { closeForeign } from '../../linux/close.ts';
import { MS, mount } from '../../linux/mount.ts';
import { attachTree, cloneTree, MOUNT_ATTR, restrictTree } from '../../linux/mount-tree.ts';
import { O } from '../../linux/open-in-root.ts';
import type { ThreadMounts } from '../../linux/thread-mounts.ts';
import type { Layers, Upper } from './protocol.ts';

/** Where trees are put together in a namespace of nothing else. */
const ROOT = '/a';
const DATA = '/b';

/**
 * Goes into a mount namespace of its own, mounts images there and hands out their roots as open directories, which nobody
 * else sees and which the kernel removes with the thread. The last one opened with `becomeRoot` is the thread's root.
 */
export class TreeViews {
  readonly #mounts: ThreadMounts;
  readonly #data: number;
  readonly #open: number[] = [];

  /** `dataRoot` is where all layers lie. */
  constructor(mounts: ThreadMounts, dataRoot: string) {
    this.#mounts = mounts;
    // Copied while the host is in sight: overlayfs takes only layers of the namespace that it is mounted in.
    this.#data = cloneTree(dataRoot, { recursive: true });
    try {
      mounts.enterEmpty();
      withDirectory(DATA, (place) => attachTree(this.#data, place));
    } catch (error) {
      closeForeign(this.#data);
      throw error;
    }
  }

  /** The root of an image, read only: devices in it cannot be opened. */
  image({ lower }: Pick<Layers, 'lower'>): number {
    changeDirectory(this.#data);
    if (lower.length === 1) return this.#keep(cloneOf(lower[0]!));
    return this.#overlay(`lowerdir=${lower.join(':')}`, MS.RDONLY);
  }

  /** An image with a layer on top that takes what is written. */
  writable({ lower }: Pick<Layers, 'lower'>, { upper, work }: Upper): number {
    changeDirectory(this.#data);
    return this.#overlay(`lowerdir=${lower.join(':')},upperdir=${upper},workdir=${work},volatile`, 0);
  }

  /** A directory below the data root. */
  directory(path: string): number {
    changeDirectory(this.#data);
    return this.#keep(openSync(path, O.RDONLY | O.DIRECTORY | O.NOFOLLOW));
  }

  becomeRoot(directory: number): void {
    changeDirectory(directory);
    rootHere();
  }

  /** Lets go of all of them; the caller leaves the namespace afterwards. */
  close(): void {
    for (const fd of this.#open.splice(0)) closeSync(fd);
    closeForeign(this.#data);
  }

  #overlay(options: string, flags: number): number {
    mount('overlay', ROOT, 'overlay', flags | MS.NODEV | MS.NOSUID, options);
    const root = this.#keep(openSync(ROOT, O.RDONLY | O.DIRECTORY));
    this.#mounts.detach(ROOT); // lives on while it is open
    return root;
  }

  #keep(fd: number): number {
    this.#open.push(fd);
    return fd;
  }
}

/** One layer alone is its directory, as a mount that is attached to nothing. */
function cloneOf(path: string): number {
  const tree = cloneTree(path, { recursive: false });
  try {
    restrictTree(tree, MOUNT_ATTR.RDONLY | MOUNT_ATTR.NODEV | MOUNT_ATTR.NOEXEC);
    changeDirectory(tree);
    return openSync('.', O.RDONLY | O.DIRECTORY);
  } finally {
    closeForeign(tree);
  }
}

function withDirectory(path: string, work: (fd: number) => void): void {
  const fd = openSync(path, O.PATH | O.DIRECTORY);
  try {
    work(fd);
  } finally {
    closeSync(fd);
  }
}
