import { CliError } from '../../../cli-error.ts';

const REASONS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENOSPC: 'no space left on device',
  EROFS: 'read-only file system',
  EBUSY: 'device or resource busy',
  ENAMETOOLONG: 'file name too long',
};

/** A file error in Go's words: `lstat /x: no such file or directory`. Others as they are. */
export function describeFileError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  const { code, syscall, path } = error as Error & { code: string; syscall: string; path?: string };
  const reason = REASONS[String(code)];
  if (reason === undefined) return error;
  const call = syscall === 'realpath' ? 'lstat' : syscall;
  return new CliError(`${call}${path === undefined ? '' : ` ${path}`}: ${reason}`);
}
