import { fstatSync, readSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { resolveUser } from '../../containers/model.ts';
import { closeForeign } from '../../linux/close.ts';
import { openRegular } from '../../linux/open-regular.ts';
import type { CopyOwner } from './protocol.ts';

const ACCOUNTS_MAX = 10 * 1024 * 1024;

/**
 * The owner that `--chown` names, by the account files of the calling thread's root. As with Docker a number alone is the
 * group as well, a name alone brings its own group; undefined keeps what files have. Errors: invalid.
 */
export function ownerInRoot(owner: CopyOwner): { uid: number; gid: number } | undefined {
  if (owner.kind === 'keep') return undefined;
  const { text } = owner;
  if (/^\d+$/.test(text)) return resolveUser(`${text}:${text}`, undefined, undefined);
  if (/^\d+:\d+$/.test(text)) return resolveUser(text, undefined, undefined);
  const { uid, gid } = resolveUser(text, readAccounts('/etc/passwd'), readAccounts('/etc/group'));
  return { uid, gid };
}

function readAccounts(path: string): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openRegular(path, { follow: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  if (fd === undefined) return undefined;
  try {
    const { size } = fstatSync(fd);
    if (size > ACCOUNTS_MAX)
      throw new BerthError('invalid', `${path} of the image is too large: at most ${ACCOUNTS_MAX} bytes are read`);
    const content = Buffer.alloc(size);
    let at = 0;
    for (let count = -1; count !== 0 && at < size; at += count) count = readSync(fd, content, at, size - at, at);
    return content.subarray(0, at);
  } finally {
    closeForeign(fd);
  }
}
