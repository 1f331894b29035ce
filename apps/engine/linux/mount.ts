import koffi from 'koffi';
import { check, libc, SyscallError } from './libc.ts';

const mountC = libc.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
);
const umount2C = libc.func('int umount2(const char *target, int flags)');

/** Mount flags of mount(2). */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  SYNCHRONOUS: 16,
  REMOUNT: 32,
  MANDLOCK: 64,
  DIRSYNC: 128,
  NOATIME: 1024,
  NODIRATIME: 2048,
  BIND: 4096,
  REC: 16384,
  SILENT: 1 << 15,
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
  RELATIME: 1 << 21,
  STRICTATIME: 1 << 24,
} as const;

/** mount(2). `data` is at most one page (4,096 bytes with its end mark), as the kernel has it. */
export function mount(source: string, target: string, type: string | null, flags: number, data: string | null): void {
  check(mountC(source, target, type, flags, data), 'mount', target);
}

/** mount(2) on a pool thread, for sources that may let it wait: network file systems, disks. */
export function mountInBackground(
  source: string,
  target: string,
  type: string | null,
  flags: number,
  data: string | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    mountC.async(source, target, type, flags, data, (error: Error | null, result: number) => {
      if (error) reject(error);
      else if (result < 0) reject(new SyscallError('mount', koffi.errno(), target));
      else resolve();
    });
  });
}

/** umount2(2), detaching at once where `lazy`; the file system goes when its last user does. */
export function unmount(target: string, options: { lazy?: boolean } = {}): void {
  check(umount2C(target, options.lazy ? 2 : 0), 'umount2', target);
}

/** umount2(2) on a pool thread, for file systems that write much when they go. */
export function unmountInBackground(target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    umount2C.async(target, 0, (error: Error | null, result: number) => {
      if (error) reject(error);
      else if (result < 0) reject(new SyscallError('umount2', koffi.errno(), target));
      else resolve();
    });
  });
}
