import { closeSync, openSync } from 'node:fs';
import { errnoOf } from '@berth/kit';
import koffi from 'koffi';
import { libc, SyscallError } from './libc.ts';

const ioctlC = libc.func('int ioctl(int fd, ulong request, uint8_t *flags)');

/** ioctl_iflags(2). The kernel reads and writes 32 bits, whatever the numbers say of a long. */
const FS_IOC_GETFLAGS = 0x8008_6601;
const FS_IOC_SETFLAGS = 0x4008_6602;
const FS_TOPDIR_FL = 0x0002_0000;

/**
 * Says of a directory that the directories below it have nothing to do with each other (`chattr +T`): ext4 then spreads
 * them over the disk, so that several of them are filled at once without waiting for each other. False where the file
 * system has no such flag. Errors: SyscallError.
 */
export function spreadChildren(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const flags = Buffer.alloc(8);
    call(fd, FS_IOC_GETFLAGS, flags);
    const before = flags.readUInt32LE();
    if ((before & FS_TOPDIR_FL) !== 0) return true;
    flags.writeUInt32LE((before | FS_TOPDIR_FL) >>> 0);
    call(fd, FS_IOC_SETFLAGS, flags);
    return true;
  } catch (error) {
    if (['ENOTTY', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  } finally {
    closeSync(fd);
  }
}

function call(fd: number, request: number, flags: Buffer): void {
  if (ioctlC(fd, request, flags) < 0) throw new SyscallError('ioctl', koffi.errno(), `request ${request.toString(16)}`);
}
