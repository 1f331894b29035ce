import { libc } from './libc.ts';

const closeC = libc.func('int close(int fd)');

/**
 * Closes a descriptor that a foreign call opened. Worker threads of Node keep count of those that Node itself opened, and
 * complain of others that are closed by `fs.closeSync`.
 */
export function closeForeign(fd: number): void {
  closeC(fd);
}
