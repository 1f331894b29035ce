import { check, libc } from './libc.ts';

const fallocateC = libc.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
const KEEP_SIZE = 1;
const PUNCH_HOLE = 2;

/**
 * Gives a stretch of an open file back to the file system: it reads as zeros and takes no space, the rest stays where it
 * is. Errors: EOPNOTSUPP where the file system cannot.
 */
export function punchHole(fd: number, offset: number, length: number): void {
  check(fallocateC(fd, KEEP_SIZE | PUNCH_HOLE, offset, length), 'fallocate', `descriptor ${fd}`);
}
