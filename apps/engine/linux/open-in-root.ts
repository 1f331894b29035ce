import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import koffi from 'koffi';
import { closeForeign } from './close.ts';
import { libc, SyscallError } from './libc.ts';
import { cPath } from './path.ts';

const syscallC = libc.func('long syscall(long number, ...)');
const openC = libc.func('int open(const char *path, int flags, uint mode)');
const openHow = koffi.struct('open_how', { flags: 'uint64', mode: 'uint64', resolve: 'uint64' });
const SYS_openat2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
const RESOLVE_IN_ROOT = 0x10;
/** Somebody who renames without pause wins many tries; this many take some 20 ms. */
const TRIES_MAX = 5000;
export const O = {
  RDONLY: 0,
  WRONLY: 0o1,
  CREAT: 0o100,
  EXCL: 0o200,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

/**
 * Opens `path` as a process whose root is `root` would, without ever leaving it (openat2(2), RESOLVE_IN_ROOT): absolute
 * links and `..` stay inside, /proc magic links are refused. The caller closes the descriptor.
 */
export function openInRoot(root: string, path: string, flags: number): number {
  return openAt(root, path, flags, RESOLVE_IN_ROOT);
}

/**
 * Opens `path` below `root`, refusing every step that would leave it: absolute links and too many `..` are errors
 * (RESOLVE_BENEATH). The caller closes the descriptor. Errors: SyscallError EXDEV for a way out.
 */
export function openBeneath(root: string, path: string, flags: number): number {
  return openAt(root, path, flags, RESOLVE_BENEATH);
}

function openAt(root: string, path: string, flags: number, resolve: number): number {
  const rootFd = openC(root, O.PATH | O.DIRECTORY | O.CLOEXEC, 0);
  if (rootFd < 0) throw new SyscallError('open', koffi.errno(), root);
  try {
    return openUnder(rootFd, path, flags, resolve);
  } finally {
    closeForeign(rootFd);
  }
}

/** As `openInRoot`, with the root as an open directory. */
export function openInRootFd(rootFd: number, path: string, flags: number): number {
  return openUnder(rootFd, path, flags, RESOLVE_IN_ROOT);
}

/**
 * Where a path below an open directory leads without any link on the way, as a descriptor that can be looked at and linked
 * to, not read (O_PATH). A link at its end is the link itself. The caller closes it by `closeForeign`. Errors:
 * SyscallError, ELOOP for a link on the way.
 */
export function openPlaceBeneathFd(rootFd: number, path: Buffer): number {
  return openUnder(rootFd, path, O.PATH | O.NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

function openUnder(rootFd: number, path: string | Buffer, flags: number, resolve: number): number {
  const bytes = cPath(path);
  const how = { flags: flags | O.CLOEXEC, mode: 0, resolve: resolve | RESOLVE_NO_MAGICLINKS };
  let fd = -1;
  // With `..` in the way the kernel asks to try again when something, anywhere, was renamed or mounted meanwhile.
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    fd = Number(
      syscallC(SYS_openat2, 'int', rootFd, 'const uint8_t *', bytes, koffi.pointer(openHow), how, 'size_t', 24),
    );
    if (fd >= 0 || koffi.errno() !== koffi.os.errno['EAGAIN']) break;
  }
  if (fd < 0) throw new SyscallError('openat2', koffi.errno(), path.toString());
  return fd;
}

/** A small regular file inside `root`, or undefined when there is none. Errors: EFBIG above `limit` bytes. */
export function readFileInRoot(root: string, path: string, limit: number): Buffer | undefined {
  const fd = openRegularFile(root, path);
  if (fd === undefined) return undefined;
  try {
    const stat = fstatSync(fd);
    if (stat.size > limit) throw new SyscallError('read', koffi.os.errno['EFBIG'] ?? 27, path);
    const buffer = Buffer.alloc(stat.size);
    let at = 0;
    while (at < buffer.length) {
      const n = readSync(fd, buffer, at, buffer.length - at, at);
      if (n === 0) break;
      at += n;
    }
    return buffer.subarray(0, at);
  } finally {
    closeSync(fd);
  }
}

/** Looks before it opens: opening a device can have effects, a watchdog's for one. */
function openRegularFile(root: string, path: string): number | undefined {
  let place: number;
  try {
    place = openInRoot(root, path, O.PATH);
  } catch (error) {
    if (error instanceof SyscallError && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined;
    throw error;
  }
  try {
    return fstatSync(place).isFile() ? openSync(`/proc/self/fd/${place}`, O.RDONLY | O.NONBLOCK) : undefined;
  } finally {
    closeForeign(place);
  }
}
