import { BerthError, errnoOf } from '@berth/kit';

/** An archive that is refused. `subject`: what it is called, `layer archive` or `archive`. */
export function invalidArchive(subject: string, what: string, name?: Buffer, cause?: unknown): BerthError {
  const where = name === undefined ? '' : ` (at ${JSON.stringify(name.toString('utf8').slice(0, 200))})`;
  return new BerthError('invalid', `invalid ${subject}: ${what}${where}`, cause === undefined ? {} : { cause });
}

/** What the archive itself is to blame for. */
const ARCHIVE_ERRNOS = new Set([
  'EEXIST',
  'EFBIG',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'EMLINK',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOTDIR',
  'ENXIO',
  'EPERM',
  'ERANGE',
  'E2BIG',
]);

/** Tells hostile or broken archives from a full disk and from our own faults. `name` is the entry at hand. */
export function describeArchiveError(subject: string, error: unknown, name?: Buffer): unknown {
  if (error instanceof BerthError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    const what = subject === 'layer archive' ? 'failed to register layer' : 'cannot write the archive';
    return new BerthError('unavailable', `${what}: no space left on device`, {
      hint: 'Free some space below the data root; `berth system df` shows what Berth holds.',
      cause: error,
    });
  }
  if (errno.startsWith('Z_') || errno.startsWith('ZSTD_') || errno.startsWith('ERR_ZSTD')) {
    const why = error instanceof Error ? error.message : errno;
    return invalidArchive(subject, `it cannot be decompressed: ${why}`, undefined, error);
  }
  return ARCHIVE_ERRNOS.has(errno)
    ? invalidArchive(
        subject,
        error instanceof Error ? error.message.replace(/'[^']*'/g, '').trim() : errno,
        name,
        error,
      )
    : error;
}
