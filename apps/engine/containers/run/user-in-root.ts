import { BerthError, errnoOf } from '@berth/kit';
import { readFileInRoot } from '../../linux/open-in-root.ts';
import { type ResolvedUser, resolveUser } from '../parse/user.ts';

const LIMIT = 10 * 1024 * 1024;

/** Who `user` is by the files of a container's root. Errors: those of `resolveUser`; invalid for files that are too large. */
export function resolveUserInRoot(rootfs: string, user: string, groupAdd: readonly string[]): ResolvedUser {
  return resolveUser(user, readAccounts(rootfs, 'passwd'), readAccounts(rootfs, 'group'), groupAdd);
}

function readAccounts(rootfs: string, name: 'passwd' | 'group'): Uint8Array | undefined {
  try {
    return readFileInRoot(rootfs, `/etc/${name}`, LIMIT);
  } catch (cause) {
    if (errnoOf(cause) !== 'EFBIG') throw cause;
    throw new BerthError('invalid', `the container's ${name} file is too large: at most ${LIMIT} bytes are read`, {
      cause,
    });
  }
}
