import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import koffi from 'koffi';
import { adoptDescriptor } from './descriptor.ts';
import { check, libc, SyscallError } from './libc.ts';

const socketC = libc.func('int socket(int domain, int type, int protocol)');
const connectC = libc.func('int connect(int fd, const uint8_t *address, uint length)');
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;

/**
 * Connects to a datagram unix socket, which Node cannot by itself. Every write is one datagram, provided that each is
 * waited for before the next. The address goes through /proc/self/fd, so the path may be longer than the 107 bytes that
 * an address holds. Errors: ENOENT, ECONNREFUSED (nobody listens), EPROTOTYPE (a stream socket).
 */
export function connectDatagram(path: string): Socket {
  const directory = openSync(dirname(path), 'r');
  const fd = check(socketC(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket', path);
  try {
    const address = Buffer.alloc(110);
    address.writeUInt16LE(AF_UNIX, 0);
    const length = 2 + address.write(`/proc/self/fd/${directory}/${basename(path)}`, 2, 'utf8') + 1;
    if (connectC(fd, address, length) < 0) throw new SyscallError('connect', koffi.errno(), path);
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    closeSync(directory);
  }
  return adoptDescriptor(fd);
}
