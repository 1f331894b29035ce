import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { libc, SyscallError } from './libc.ts';

const flockC = libc.func('int flock(int fd, int operation)');
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes an exclusive lock on a file, made if missing, until `release` or the end of this process (flock(2)).
 * Undefined when another process has it.
 */
export function lockFile(path: string): { release(): void } | undefined {
  const fd = openSync(path, 'a', 0o600);
  if (flockC(fd, LOCK_EX | LOCK_NB) < 0) {
    const errno = koffi.errno();
    closeSync(fd);
    if (errno === koffi.os.errno['EWOULDBLOCK'] || errno === koffi.os.errno['EAGAIN']) return undefined;
    throw new SyscallError('flock', errno, path);
  }
  return { release: () => closeSync(fd) };
}
