import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync } from 'node:fs';
import koffi from 'koffi';
import { changeDirectory, detachThreadRoot, rootHere } from './chroot.ts';
import { closeForeign } from './close.ts';
import { check, libc, SyscallError } from './libc.ts';
import { MS, mount } from './mount.ts';
import { type MountEntry, parseMountTable } from './mount-table.ts';
import { O } from './open-in-root.ts';

const unshareC = libc.func('int unshare(int flags)');
const setnsC = libc.func('int setns(int fd, int type)');
const openatC = libc.func('int openat(int directory, const char *path, int flags, uint mode)');
const readlinkatC = libc.func('long readlinkat(int directory, const char *path, _Out_ uint8_t *buffer, size_t size)');
const umount2C = libc.func('int umount2(const char *target, int flags)');
const syscallC = libc.func('long syscall(long number, ...)');

const CLONE_NEWNS = 0x20000;
const SYS_pivot_root = process.arch === 'arm64' ? 41 : 155;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/**
 * Mounts of one worker thread: it goes into copies of mount namespaces that nobody else sees and that end when it leaves,
 * or when the process ends. What it mounts is so never left behind.
 */
export interface ThreadMounts {
  /** Into a copy of the mounts of the namespace that is open as `fd`; the thread's root is that of the namespace. */
  enterCopyOf(fd: number): void;
  /** Into a namespace of nothing but a root with the directories `/a` and `/b` to mount on. */
  enterEmpty(): void;
  /** The mounts that this thread sees, from the kernel's own table; also where no /proc is mounted. */
  table(): MountEntry[];
  /** The path of an open file as this thread sees it. */
  pathOf(fd: number): string;
  /** Lets go of a mount, never following a link. Errors: SyscallError EINVAL when it is none, or locked to its parent. */
  detach(path: string): void;
  /** Back to the host's mounts and root. What was mounted meanwhile is gone when it returns, with its data written. */
  leave(): void;
}

/** To be called once in the life of a worker thread. Needs CAP_SYS_ADMIN and CAP_SYS_CHROOT. */
export function detachThreadMounts(): ThreadMounts {
  const root = detachThreadRoot();
  // Opened while the host's /proc is in sight, and kept for the life of the thread.
  const proc = openSync('/proc', O.PATH | O.DIRECTORY);
  const home = openSync('/proc/thread-self/ns/mnt', 'r');
  let empty: number | undefined;
  let away = false;

  const openProc = (name: string) => check(openatC(proc, name, O.RDONLY | O.CLOEXEC, 0), 'openat', `/proc/${name}`);
  const copy = () => {
    check(unshareC(CLONE_NEWNS), 'unshare', 'mount namespace');
    // Nothing that is done here may reach the mounts that this is a copy of.
    mount('none', '/', null, MS.REC | MS.PRIVATE, null);
  };
  const join = (fd: number) => {
    check(setnsC(fd, CLONE_NEWNS), 'setns', 'mount namespace');
    away = true;
  };
  return {
    enterCopyOf: (fd) => {
      join(fd);
      copy();
    },
    enterEmpty: () => {
      away = true;
      if (empty === undefined) {
        copy();
        empty = openSync('/proc/thread-self/ns/mnt', 'r');
        clear();
      } else join(empty);
      copy();
    },
    table: () => {
      const fd = openProc('thread-self/mountinfo');
      try {
        return parseMountTable(readFileSync(fd, 'utf8'));
      } finally {
        closeForeign(fd);
      }
    },
    pathOf: (fd) => {
      const path = Buffer.alloc(4096);
      const length = Number(readlinkatC(proc, `self/fd/${fd}`, path, path.length));
      if (length < 0) throw new SyscallError('readlinkat', koffi.errno(), `descriptor ${fd}`);
      return path.toString('utf8', 0, length);
    },
    detach: (path) => void check(umount2C(path, MNT_DETACH | UMOUNT_NOFOLLOW), 'umount2', path),
    leave: () => {
      if (away) join(home);
      away = false;
      root.leave();
    },
  };
}

/** Replaces all mounts of a private copy by one small tmpfs: so a copy of it costs nothing, and holds nobody's mounts. */
function clear(): void {
  mount('tmpfs', '/proc', 'tmpfs', MS.NOSUID | MS.NODEV | MS.NOEXEC, 'size=64k,mode=700');
  for (const name of ['a', 'b', 'old']) mkdirSync(`/proc/${name}`);
  const result = Number(syscallC(SYS_pivot_root, 'str', '/proc', 'str', '/proc/old'));
  if (result < 0) throw new SyscallError('pivot_root', koffi.errno(), '/proc');
  const fd = openSync('/', O.PATH | O.DIRECTORY);
  changeDirectory(fd);
  rootHere();
  closeSync(fd);
  check(umount2C('/old', MNT_DETACH), 'umount2', '/old');
  rmdirSync('/old');
}
