import koffi from 'koffi';
import { closeForeign } from './close.ts';
import { libc, SyscallError } from './libc.ts';
import { O, openInRoot } from './open-in-root.ts';

const mkdiratC = libc.func('int mkdirat(int fd, const char *name, uint mode)');
const mknodatC = libc.func('int mknodat(int fd, const char *name, uint mode, uint64 device)');
const fchownatC = libc.func('int fchownat(int fd, const char *name, uint user, uint group, int flags)');
const S_IFREG = 0o100000;
const AT_SYMLINK_NOFOLLOW = 0x100;

/** Whose a new directory is; without it the engine's. */
export interface Owner {
  uid: number;
  gid: number;
}

/**
 * Makes a directory and its parents inside `root`, as a process with that root would, never outside it: each step is
 * resolved by the kernel under openat2's RESOLVE_IN_ROOT and made below an open descriptor.
 * Errors: SyscallError ENOTDIR where a part of the path is a file.
 */
export function ensureDirectoryInRoot(root: string, path: string, mode: number, owner?: Owner): void {
  if (exists(root, path)) return;
  let prefix = '';
  for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
    const next = `${prefix}/${name}`;
    if (!exists(root, next)) makeBelow(root, prefix || '/', name, (fd) => makeDirectory(fd, name, mode, owner));
    prefix = next;
  }
}

function makeDirectory(fd: number, name: string, mode: number, owner: Owner | undefined): number {
  const made = mkdiratC(fd, name, mode);
  if (made < 0 || owner === undefined) return made;
  return fchownatC(fd, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW);
}

/** Makes an empty file inside `root`, and its parents, in the same way; what is there already stays. */
export function ensureFileInRoot(root: string, path: string, mode: number): void {
  const slash = path.lastIndexOf('/');
  const parent = path.slice(0, slash) || '/';
  ensureDirectoryInRoot(root, parent, 0o755);
  makeBelow(root, parent, path.slice(slash + 1), (fd, name) => mknodatC(fd, name, S_IFREG | mode, 0));
}

function exists(root: string, path: string): boolean {
  try {
    closeForeign(openInRoot(root, path, O.PATH | O.DIRECTORY));
    return true;
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'ENOENT') return false;
    throw error;
  }
}

function makeBelow(root: string, parent: string, name: string, make: (fd: number, name: string) => number): void {
  const fd = openInRoot(root, parent, O.RDONLY | O.DIRECTORY);
  try {
    if (make(fd, name) < 0) {
      const errno = koffi.errno();
      if (errno !== koffi.os.errno['EEXIST']) throw new SyscallError('make', errno, `${parent}/${name}`);
    }
  } finally {
    closeForeign(fd);
  }
}
