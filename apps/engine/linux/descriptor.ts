import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { check, libc } from './libc.ts';

const pipe2C = libc.func('int pipe2(_Out_ int *fds, int flags)');
const socketpairC = libc.func('int socketpair(int domain, int type, int protocol, _Out_ int *fds)');
const dup3C = libc.func('int dup3(int from, int to, int flags)');

const O_CLOEXEC = 0o2000000;
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = O_CLOEXEC;
const SOCK_NONBLOCK = 0o4000;

/** A pipe. Real pipes, because programs open /dev/stdout again, which fails on the sockets that Node makes. */
export function makePipe(): { read: number; write: number } {
  const fds = [0, 0];
  check(pipe2C(fds, O_CLOEXEC), 'pipe2', 'new pipe');
  return { read: fds[0]!, write: fds[1]! };
}

/** The read end of a pipe as a stream; it owns the descriptor. */
export function readPipe(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false });
}

/** The write end of a pipe as a stream; it owns the descriptor. */
export function writePipe(fd: number): Socket {
  return new Socket({ fd, readable: false, writable: true });
}

/**
 * Wraps a descriptor that libuv cannot open by itself (SEQPACKET socket, pidfd) as a Socket: a stream socket is opened
 * and the wanted file is put under its number before the event loop first polls it. Takes over `fd`.
 */
export function adoptDescriptor(fd: number): Socket {
  const pair = [0, 0];
  check(socketpairC(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 'socketpair', 'new pair');
  const socket = new Socket({ fd: pair[0]!, allowHalfOpen: true });
  check(dup3C(fd, pair[0]!, O_CLOEXEC), 'dup3', String(fd));
  closeSync(pair[1]!);
  closeSync(fd);
  return socket;
}

const fcntlC = libc.func('int fcntl(int fd, int command, int argument)');
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** Makes reads and writes of an open file return EAGAIN rather than wait (fcntl(2)). */
export function setNonBlocking(fd: number): void {
  const flags = check(fcntlC(fd, F_GETFL, 0), 'fcntl', `F_GETFL ${fd}`);
  check(fcntlC(fd, F_SETFL, flags | O_NONBLOCK), 'fcntl', `F_SETFL ${fd}`);
}
