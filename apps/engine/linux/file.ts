import koffi from 'koffi';
import { check, libc, SyscallError } from './libc.ts';
import { cPath } from './path.ts';

const mknodC = libc.func('int mknod(const uint8_t *path, uint mode, uint64 device)');
const utimensatC = libc.func('int utimensat(int dirfd, const uint8_t *path, const uint8_t *times, int flags)');
const futimensC = libc.func('int futimens(int fd, const uint8_t *times)');
const linkatC = libc.func('int linkat(int from, const char *source, int to, const uint8_t *target, int flags)');
const syncfsC = libc.func('int syncfs(int fd)');

const renameat2C = libc.func(
  'int renameat2(int from, const uint8_t *source, int to, const uint8_t *target, uint flags)',
);

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;

/** File types of mknod(2). */
export const S_IF = { CHR: 0o020000, BLK: 0o060000, FIFO: 0o010000 } as const;

/** mknod(2); major and minor are 0 for what is no device. */
export function mknod(path: string | Buffer, mode: number, major: number, minor: number): void {
  check(mknodC(cPath(path), mode, makeDevice(major, minor)), 'mknod', path.toString());
}

/** The device number as glibc packs it: 32 bits of major, 32 bits of minor. */
function makeDevice(major: number, minor: number): bigint {
  const [a, i] = [BigInt(major), BigInt(minor)];
  return ((a & 0xfffn) << 8n) | ((a & ~0xfffn) << 32n) | (i & 0xffn) | ((i & ~0xffn) << 12n);
}

/** Sets both times of the file itself, also of a symbolic link, to the nanosecond. `nanos` since the epoch. */
export function setTimes(target: number | string | Buffer, nanos: bigint): void {
  const result =
    typeof target === 'number'
      ? futimensC(target, times(nanos))
      : utimensatC(AT_FDCWD, cPath(target), times(nanos), AT_SYMLINK_NOFOLLOW);
  check(result, 'utimensat', target.toString());
}

const syscallC = libc.func('long syscall(long number, ...)');
/** The number is the same on all architectures. */
const SYS_fchmodat2 = 452;

/**
 * Sets the mode of the file itself, never of what a link leads to (fchmodat2(2)). False on kernels below 6.6, which
 * cannot do that for files that are not open.
 */
export function setModeOfItself(path: Buffer, mode: number): boolean {
  const at = ['int', AT_FDCWD, 'const uint8_t *', cPath(path), 'uint', mode, 'int', AT_SYMLINK_NOFOLLOW];
  if (Number(syscallC(SYS_fchmodat2, ...at)) === 0) return true;
  const errno = koffi.errno();
  if (errno === koffi.os.errno.ENOSYS) return false;
  throw new SyscallError('fchmodat2', errno, path.toString());
}

/** Gives an open file a further name; a descriptor of O_PATH is enough. Errors: SyscallError. */
export function linkOpenFile(fd: number, target: Buffer): void {
  const result = linkatC(AT_FDCWD, `/proc/self/fd/${fd}`, AT_FDCWD, cPath(target), AT_SYMLINK_FOLLOW);
  check(result, 'linkat', target.toString());
}

/** Major and minor numbers of a device number as stat(2) gives it. */
export function splitDevice(device: bigint): { major: number; minor: number } {
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn & 0xffff_ffffn)),
    minor: Number((device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffff_ffffn)),
  };
}

/** Two timespecs, used again for each call: calls are synchronous. */
const buffer = Buffer.alloc(32);

function times(nanos: bigint): Buffer {
  let fraction = nanos % 1_000_000_000n;
  if (fraction < 0n) fraction += 1_000_000_000n;
  const seconds = (nanos - fraction) / 1_000_000_000n;
  for (const at of [0, 16]) {
    buffer.writeBigInt64LE(seconds, at);
    buffer.writeBigInt64LE(fraction, at + 8);
  }
  return buffer;
}

/** syncfs(2): everything written to the file system of this open file is on disk when it resolves. Off the main thread. */
export function syncFileSystem(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    syncfsC.async(fd, (error: unknown, result: number) => {
      if (error) reject(error);
      else if (result < 0) reject(new SyscallError('syncfs', koffi.errno(), `descriptor ${fd}`));
      else resolve();
    });
  });
}

/** renameat2(2), RENAME_EXCHANGE: two names of one file system change places at once. */
export function exchangeNames(one: string, other: string): void {
  check(renameat2C(AT_FDCWD, cPath(one), AT_FDCWD, cPath(other), RENAME_EXCHANGE), 'renameat2', one);
}
