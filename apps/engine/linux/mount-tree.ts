import koffi from 'koffi';
import { libc, SyscallError } from './libc.ts';

const syscallC = libc.func('long syscall(long number, ...)');
const mountAttr = koffi.struct('mount_attr', {
  set: 'uint64',
  clear: 'uint64',
  propagation: 'uint64',
  userns: 'uint64',
});

/** These numbers are the same on all architectures. */
const SYS = { open_tree: 428, move_mount: 429, mount_setattr: 442 } as const;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;

/** Attributes of mounts for mount_setattr(2). */
export const MOUNT_ATTR = { RDONLY: 0x1, NOSUID: 0x2, NODEV: 0x4, NOEXEC: 0x8 } as const;

/**
 * A copy of what is mounted at `path`, with everything below where `recursive`, attached to nothing (open_tree(2)): it
 * can be looked into, made the root of a thread, or attached by `attachTree`, and goes when its descriptor is closed.
 */
export function cloneTree(path: string, options: { recursive: boolean }): number {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (options.recursive ? AT_RECURSIVE : 0);
  return call('open_tree', path, 'int', AT_FDCWD, 'const char *', path, 'uint', flags);
}

/** Attaches a copy to a directory or file that is open (move_mount(2)). */
export function attachTree(tree: number, place: number): void {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  call('move_mount', `descriptor ${place}`, 'int', tree, 'str', '', 'int', place, 'str', '', 'uint', flags);
}

/** Sets attributes of a mount and of all mounts below it (mount_setattr(2)). `tree`: an open mount. */
export function restrictTree(tree: number, attributes: number): void {
  const attr = { set: attributes, clear: 0, propagation: 0, userns: 0 };
  const flags = AT_EMPTY_PATH | AT_RECURSIVE;
  const at = ['int', tree, 'str', '', 'uint', flags, koffi.pointer(mountAttr), attr, 'size_t', 32];
  call('mount_setattr', `descriptor ${tree}`, ...at);
}

function call(name: keyof typeof SYS, subject: string, ...args: unknown[]): number {
  const result = Number(syscallC(SYS[name], ...args));
  if (result < 0) throw new SyscallError(name, koffi.errno(), subject);
  return result;
}
