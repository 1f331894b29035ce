import { BerthError, errnoOf } from '@berth/kit';

/** A layer archive that is refused. */
export function invalidLayer(what: string, name?: Buffer, cause?: unknown): BerthError {
  const where = name === undefined ? '' : ` (at ${JSON.stringify(name.toString('utf8').slice(0, 200))})`;
  return new BerthError('invalid', `invalid layer archive: ${what}${where}`, cause === undefined ? {} : { cause });
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
export function describeLayerError(error: unknown, name?: Buffer): unknown {
  if (error instanceof BerthError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new BerthError('unavailable', 'failed to register layer: no space left on device', {
      hint: 'Free some space below the data root; `berth system df` shows what Berth holds.',
      cause: error,
    });
  }
  if (errno.startsWith('Z_') || errno.startsWith('ZSTD_') || errno.startsWith('ERR_ZSTD')) {
    return invalidLayer(
      `it cannot be decompressed: ${error instanceof Error ? error.message : errno}`,
      undefined,
      error,
    );
  }
  return ARCHIVE_ERRNOS.has(errno)
    ? invalidLayer(error instanceof Error ? error.message.replace(/'[^']*'/g, '').trim() : errno, name, error)
    : error;
}
