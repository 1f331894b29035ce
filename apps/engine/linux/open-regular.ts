import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { check, libc } from './libc.ts';
import { O } from './open-in-root.ts';

const openatC = libc.func('int openat(int directory, const char *path, int flags, uint mode)');
const { O_RDONLY, O_NONBLOCK, O_DIRECTORY } = constants;

/** Opened when a thread loads this file: later its root may be another, and what is at /proc there is not to be trusted. */
const descriptors = openSync('/proc/self/fd', O_RDONLY | O_DIRECTORY);

/**
 * Opens a regular file to read it, or gives undefined when it is none. Looks before it opens, and at the same file:
 * opening a device can have effects, a watchdog's for one, and names are exchanged meanwhile. Links at the end of the
 * path are followed only with `follow`. The caller closes the descriptor by `closeForeign`. Errors: those of open(2).
 */
export function openRegular(path: string | Buffer, { follow = false } = {}): number | undefined {
  const place = openSync(path, O.PATH | (follow ? 0 : O.NOFOLLOW));
  try {
    if (!fstatSync(place).isFile()) return undefined;
    return check(
      openatC(descriptors, String(place), O_RDONLY | O_NONBLOCK | O.CLOEXEC, 0),
      'openat',
      path.toString('utf8'),
    );
  } finally {
    closeSync(place);
  }
}
