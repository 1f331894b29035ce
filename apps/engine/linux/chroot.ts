import { openSync } from 'node:fs';
import { check, libc } from './libc.ts';

const unshareC = libc.func('int unshare(int flags)');
const chrootC = libc.func('int chroot(const char *path)');
const chdirC = libc.func('int chdir(const char *path)');
const fchdirC = libc.func('int fchdir(int fd)');
const umaskC = libc.func('uint umask(uint mask)');

const CLONE_FS = 0x200;

/** Makes an open directory the working directory of this thread, which has one of its own (`detachThreadRoot`). */
export function changeDirectory(fd: number): void {
  check(fchdirC(fd), 'fchdir', `descriptor ${fd}`);
}

/** Makes the working directory of this thread its root. */
export function rootHere(): void {
  check(chrootC('.'), 'chroot', '.');
}

/** A thread's way into other root directories and back. */
export interface ThreadRoot {
  /** Makes `path`, as the host sees it, the root and working directory of this thread. */
  enter(path: string): void;
  /** Back to the host's root. */
  leave(): void;
}

/**
 * Gives the calling thread a root directory of its own; once in the life of a thread, and only in worker threads. The
 * rest of the process is not affected, and `fs.*Sync` of this thread see the new root. Asynchronous `fs` calls do not:
 * they run on other threads. Needs CAP_SYS_CHROOT.
 */
export function detachThreadRoot(): ThreadRoot {
  check(unshareC(CLONE_FS), 'unshare', 'CLONE_FS');
  // Modes are what archives say, not what the engine was started with.
  umaskC(0);
  // Kept open for the life of the thread: the only way back.
  const host = openSync('/', 'r');
  const leave = () => {
    check(fchdirC(host), 'fchdir', '/');
    check(chrootC('.'), 'chroot', '/');
  };
  const enter = (path: string) => {
    leave();
    check(chdirC(path), 'chdir', path);
    check(chrootC('.'), 'chroot', path);
  };
  return { enter, leave };
}
