import { check, libc } from './libc.ts';

const socketC = libc.func('int socket(int domain, int type, int protocol)');
const bindC = libc.func('int bind(int fd, const void *address, unsigned int length)');
const setsockoptC = libc.func('int setsockopt(int fd, int level, int option, const void *value, unsigned int length)');
const closeC = libc.func('int close(int fd)');

export type TransportProtocol = 'tcp' | 'udp' | 'sctp';

/** A bound socket that is never read or listened on: it only keeps its port from others. */
export interface BoundSocket {
  readonly fd: number;
  close(): void;
}

/**
 * Binds an address and port in the calling thread's namespace without listening, so that other programs get
 * EADDRINUSE. `address` has 4 or 16 bytes (IPv6 sockets never take IPv4).
 * Errors: EADDRINUSE, EADDRNOTAVAIL, EPROTONOSUPPORT (the kernel has no SCTP), EAFNOSUPPORT (no IPv6).
 */
export function bindSocket(protocol: TransportProtocol, address: Buffer, port: number): BoundSocket {
  const ipv6 = address.length === 16;
  const type = (protocol === 'udp' ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC;
  const fd = check(socketC(ipv6 ? AF_INET6 : AF_INET, type, PROTOCOL[protocol]), 'socket', protocol);
  try {
    if (ipv6) setFlag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    // Connections of an earlier program that linger in TIME_WAIT must not count; a program that listens still does.
    if (protocol !== 'udp') setFlag(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const name = ipv6 ? ipv6Name(address, port) : ipv4Name(address, port);
    check(bindC(fd, name, name.length), 'bind', `${protocol} port ${port}`);
    // From now on nobody may share it, whatever options they set.
    if (protocol !== 'udp') setFlag(fd, SOL_SOCKET, SO_REUSEADDR, 0);
    if (protocol === 'udp') setFlag(fd, SOL_SOCKET, SO_RCVBUF, 1); // the smallest: nothing here is ever read
  } catch (error) {
    closeC(fd);
    throw error;
  }
  return { fd, close: () => void closeC(fd) };
}

/** True when a program of this namespace can listen on IPv6. */
export function hasIpv6(): boolean {
  try {
    const address = Buffer.alloc(16);
    address[15] = 1;
    bindSocket('tcp', address, 0).close();
    return true;
  } catch {
    return false; // no IPv6 in the kernel, or disabled
  }
}

function setFlag(fd: number, level: number, option: number, value: number): void {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  check(setsockoptC(fd, level, option, buffer, 4), 'setsockopt', String(option));
}

/** struct sockaddr_in */
function ipv4Name(address: Buffer, port: number): Buffer {
  const name = Buffer.alloc(16);
  name.writeUInt16LE(AF_INET, 0);
  name.writeUInt16BE(port, 2);
  address.copy(name, 4);
  return name;
}

/** struct sockaddr_in6 */
function ipv6Name(address: Buffer, port: number): Buffer {
  const name = Buffer.alloc(28);
  name.writeUInt16LE(AF_INET6, 0);
  name.writeUInt16BE(port, 2);
  address.copy(name, 8);
  return name;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const PROTOCOL: Record<TransportProtocol, number> = { tcp: 6, udp: 17, sctp: 132 };
