import { openSync } from 'node:fs';
import { check, libc } from './libc.ts';

const mkfifoC = libc.func('int mkfifo(const char *path, unsigned int mode)');

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/**
 * Makes a FIFO that only this user may open, and opens it for both directions: so others neither wait for a writer nor
 * find an end before the returned descriptor is closed (fifo(7)). Errors: EEXIST and others of mkfifo(3).
 */
export function makeFifo(path: string): number {
  check(mkfifoC(path, 0o600), 'mkfifo', path);
  return openFifo(path);
}

/** Opens a FIFO in the same way. */
export function openFifo(path: string): number {
  return openSync(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}
