import koffi from 'koffi';

/**
 * A failed system call. `code` is the errno name as Node spells it, so `errnoOf` of the kit works on both.
 */
export class SyscallError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number, subject: string) {
    const code = errnoName(errno);
    super(`${syscall} ${subject}: ${code} (${strerror(errno)})`);
    this.name = 'SyscallError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** The C library, loaded once. Only files of this folder use it. */
export const libc = koffi.load('libc.so.6');

const strerrorC = libc.func('const char *strerror(int)');
const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

function strerror(errno: number): string {
  return String(strerrorC(errno));
}

/** `ENOENT` for 2, …; `E<number>` for what this platform does not name. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`;
}

/** Throws when a call gave a negative result; must be called before any other foreign call. */
export function check(result: number, syscall: string, subject: string): number {
  if (result < 0) throw new SyscallError(syscall, koffi.errno(), subject);
  return result;
}
