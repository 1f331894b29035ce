import type { Socket } from 'node:net';
import { adoptDescriptor } from './descriptor.ts';
import { check, libc } from './libc.ts';

const syscallC = libc.func('long syscall(long number, ...)');
const SYS_pidfd_open = 434;
const SYS_pidfd_send_signal = 424;

/**
 * Calls back once when a process that need not be a child of ours has ended. The caller must have checked that the id
 * still means the process it had in mind *after* this returns (identifyProcess).
 * Errors: ESRCH when it has ended already.
 */
export function watchProcess(pid: number, onEnd: () => void): { close(): void } {
  const fd = check(Number(syscallC(SYS_pidfd_open, 'int', pid, 'uint', 0)), 'pidfd_open', String(pid));
  const socket: Socket = adoptDescriptor(fd);
  let done = false;
  const end = () => {
    if (done) return;
    done = true;
    socket.destroy();
    onEnd();
  };
  // A pidfd becomes readable at the process's end, and the read that libuv then tries fails with EINVAL: both say the same.
  socket.on('error', end);
  socket.on('data', end);
  socket.on('end', end);
  return {
    close() {
      done = true;
      socket.destroy();
    },
  };
}

/** Sends a signal to exactly the process that `verify` accepts after its pidfd was opened; false when it is gone. */
export function signalProcess(pid: number, signal: number, verify: () => boolean): boolean {
  const fd = Number(syscallC(SYS_pidfd_open, 'int', pid, 'uint', 0));
  if (fd < 0) return false;
  try {
    if (!verify()) return false;
    return Number(syscallC(SYS_pidfd_send_signal, 'int', fd, 'int', signal, 'void *', null, 'uint', 0)) === 0;
  } finally {
    closeC(fd);
  }
}

const closeC = libc.func('int close(int fd)');
