import { closeSync, openSync, rmSync } from 'node:fs';
import { check, libc, SyscallError } from './libc.ts';
import { MS, mount, unmount } from './mount.ts';

const unshareC = libc.func('int unshare(int flags)');
const setnsC = libc.func('int setns(int fd, int type)');

const CLONE_NEWNET = 0x40000000;
/** The namespace of the calling thread, not of the process's first thread. */
const OWN_NAMESPACE = '/proc/thread-self/ns/net';

/**
 * Makes a network namespace that lives as long as `path`, a new file that it is bound to; runs `work` in it.
 * Synchronous from entering to leaving, so that nothing else of this thread ever runs inside.
 * Errors: EEXIST when the path exists.
 */
export function createNamespace<T>(path: string, work: () => T): T {
  closeSync(openSync(path, 'wx', 0o444));
  try {
    return away(
      () => check(unshareC(CLONE_NEWNET), 'unshare', 'network namespace'),
      () => {
        mount(OWN_NAMESPACE, path, null, MS.BIND, null);
        try {
          return work();
        } catch (error) {
          unmount(path, { lazy: true });
          throw error;
        }
      },
    );
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** Runs `work` inside the namespace bound to `path`. It must be synchronous: a promise would run on outside. */
export function inNamespace<T>(path: string, work: () => T): T {
  const fd = openSync(path, 'r');
  try {
    return away(() => check(setnsC(fd, CLONE_NEWNET), 'setns', path), work);
  } finally {
    closeSync(fd);
  }
}

/** Lets go of a namespace made by createNamespace; it ends with its last process or socket. Idempotent. */
export function removeNamespace(path: string): void {
  try {
    unmount(path, { lazy: true });
  } catch (error) {
    // EINVAL: a file without a mount, left by an engine that died between the two steps.
    if (!(error instanceof SyscallError) || !['EINVAL', 'ENOENT'].includes(error.code)) throw error;
  }
  rmSync(path, { force: true });
}

function away<T>(enter: () => void, work: () => T): T {
  const home = openSync(OWN_NAMESPACE, 'r');
  try {
    enter();
    try {
      return work();
    } finally {
      check(setnsC(home, CLONE_NEWNET), 'setns', 'home namespace');
    }
  } finally {
    closeSync(home);
  }
}
