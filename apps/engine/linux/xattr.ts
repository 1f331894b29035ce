import koffi from 'koffi';
import { check, libc, SyscallError } from './libc.ts';
import { cPath } from './path.ts';

const lsetxattrC = libc.func(
  'int lsetxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)',
);
const fsetxattrC = libc.func('int fsetxattr(int fd, const char *name, const uint8_t *value, size_t size, int flags)');
const lgetxattrC = libc.func(
  'long lgetxattr(const uint8_t *path, const char *name, _Out_ uint8_t *value, size_t size)',
);
const llistxattrC = libc.func('long llistxattr(const uint8_t *path, _Out_ uint8_t *list, size_t size)');
const fgetxattrC = libc.func('long fgetxattr(int fd, const char *name, _Out_ uint8_t *value, size_t size)');
const flistxattrC = libc.func('long flistxattr(int fd, _Out_ uint8_t *list, size_t size)');

/** Largest value and largest list of names that Linux has, in bytes. */
const MAX = 65_536;

/** Used again for each call: calls are synchronous, and what is given out is a copy. */
const scratch = Buffer.alloc(MAX);

/** lsetxattr(2): sets an extended attribute of the file itself, also of a symbolic link; of an open file by its number. */
export function setXattr(file: string | Buffer | number, name: string, value: Buffer): void {
  const result =
    typeof file === 'number'
      ? fsetxattrC(file, name, value, value.length, 0)
      : lsetxattrC(cPath(file), name, value, value.length, 0);
  check(result, 'lsetxattr', name);
}

/** lgetxattr(2); undefined when the file does not have it. */
export function getXattr(file: string | Buffer | number, name: string): Buffer | undefined {
  const size = Number(
    typeof file === 'number' ? fgetxattrC(file, name, scratch, MAX) : lgetxattrC(cPath(file), name, scratch, MAX),
  );
  if (size >= 0) return Buffer.from(scratch.subarray(0, size));
  const errno = koffi.errno();
  if (errno === koffi.os.errno.ENODATA || errno === koffi.os.errno.EOPNOTSUPP) return undefined;
  throw new SyscallError('lgetxattr', errno, name);
}

/** llistxattr(2): names of all extended attributes; none where the file system has none. */
export function listXattrs(file: string | Buffer | number): string[] {
  const size = Number(
    typeof file === 'number' ? flistxattrC(file, scratch, MAX) : llistxattrC(cPath(file), scratch, MAX),
  );
  if (size < 0) {
    const errno = koffi.errno();
    if (errno === koffi.os.errno.EOPNOTSUPP) return [];
    throw new SyscallError('llistxattr', errno, file.toString());
  }
  return scratch
    .toString('utf8', 0, size)
    .split('\0')
    .filter((name) => name !== '');
}
