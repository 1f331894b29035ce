import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { check, errnoName, libc, SyscallError } from './libc.ts';
import { inNamespace } from './netns.ts';

const socketC = libc.func('int socket(int domain, int type, int protocol)');
const bindC = libc.func('int bind(int fd, const void *address, unsigned int length)');
const connectC = libc.func('int connect(int fd, const void *address, unsigned int length)');
const getsocknameC = libc.func('int getsockname(int fd, _Out_ void *address, _Inout_ unsigned int *length)');
const setsockoptC = libc.func('int setsockopt(int fd, int level, int option, const void *value, unsigned int length)');

/** Descriptors of bound sockets in another network namespace, which they keep alive until they are closed. */
export interface BoundPair {
  udp: { fd: number; port: number };
  tcp: { fd: number; port: number };
}

/**
 * Binds a UDP and a TCP port of an IPv4 address inside a namespace; the TCP socket does not listen yet. Port 0 means any.
 * Errors: EADDRINUSE, EADDRNOTAVAIL, ENOENT (no such namespace).
 */
export function bindInNamespace(path: string, address: Buffer, ports: { udp: number; tcp: number }): BoundPair {
  return inNamespace(path, () => {
    const udp = bound(SOCK_DGRAM, address, ports.udp);
    try {
      return { udp, tcp: bound(SOCK_STREAM, address, ports.tcp) };
    } catch (error) {
      closeSync(udp.fd);
      throw error;
    }
  });
}

/** A UDP socket of a namespace, bound to no certain address. `family` is that of what it will send to. */
export function udpInNamespace(path: string, family: 4 | 6): number {
  return inNamespace(path, () => socketOf(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM));
}

/** A TCP socket of a namespace that is on its way to an address (4 or 16 bytes). Errors: ENETUNREACH, …, at once or later. */
export function tcpFromNamespace(path: string, address: Buffer, port: number): number {
  return inNamespace(path, () => {
    const fd = socketOf(address.length === 4 ? AF_INET : AF_INET6, SOCK_STREAM);
    const name = nameOf(address, port);
    if (connectC(fd, name, name.length) < 0) {
      const error = new SyscallError('connect', koffi.errno(), String(port));
      if (error.code !== 'EINPROGRESS') {
        closeSync(fd);
        throw error;
      }
    }
    return fd;
  });
}

/**
 * Connects from a namespace by TCP and lets go at once: `connected`, the errno of the refusal (`ECONNREFUSED`,
 * `EHOSTUNREACH`, …), or `timeout`. Looks every few ms, for what libuv did not open itself it cannot watch connecting.
 */
export async function tryConnect(path: string, address: Buffer, port: number, milliseconds: number): Promise<string> {
  let fd: number;
  try {
    fd = tcpFromNamespace(path, address, port);
  } catch (error) {
    if (error instanceof SyscallError) return error.code;
    throw error;
  }
  try {
    for (const end = Date.now() + milliseconds; Date.now() < end; await new Promise((next) => setTimeout(next, 5))) {
      const failure = [0];
      check(getsockoptC(fd, SOL_SOCKET, SO_ERROR, failure, [4]), 'getsockopt', 'SO_ERROR');
      if (failure[0] !== 0) return errnoName(failure[0]!);
      if (getpeernameC(fd, Buffer.alloc(28), [28]) === 0) return 'connected';
    }
    return 'timeout';
  } finally {
    closeSync(fd);
  }
}

const getpeernameC = libc.func('int getpeername(int fd, _Out_ void *address, _Inout_ unsigned int *length)');
const getsockoptC = libc.func(
  'int getsockopt(int fd, int level, int option, _Out_ int *value, _Inout_ unsigned int *length)',
);
const SO_ERROR = 4;

function bound(type: number, address: Buffer, port: number): { fd: number; port: number } {
  const fd = socketOf(AF_INET, type);
  try {
    if (type === SOCK_STREAM) {
      const on = Buffer.alloc(4);
      on.writeInt32LE(1);
      check(setsockoptC(fd, SOL_SOCKET, SO_REUSEADDR, on, on.length), 'setsockopt', 'SO_REUSEADDR');
    }
    const name = nameOf(address, port);
    check(bindC(fd, name, name.length), 'bind', `port ${port}`);
    const got = Buffer.alloc(16);
    check(getsocknameC(fd, got, [got.length]), 'getsockname', String(fd));
    return { fd, port: got.readUInt16BE(2) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function socketOf(family: number, type: number): number {
  return check(socketC(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket', String(family));
}

/** struct sockaddr_in or sockaddr_in6 */
function nameOf(address: Buffer, port: number): Buffer {
  const six = address.length === 16;
  const name = Buffer.alloc(six ? 28 : 16);
  name.writeUInt16LE(six ? AF_INET6 : AF_INET, 0);
  name.writeUInt16BE(port, 2);
  address.copy(name, six ? 8 : 4);
  return name;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
