import { check, libc } from './libc.ts';

const fcntlC = libc.func('int fcntl(int fd, int command, int argument)');
const getsocknameC = libc.func('int getsockname(int fd, uint8_t *address, _Inout_ unsigned int *length)');
const getsockoptC = libc.func(
  'int getsockopt(int fd, int level, int option, _Out_ int *value, _Inout_ unsigned int *length)',
);
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
/** sizeof(struct sockaddr_storage) */
const NAME_MAX = 128;

/** Where an inherited socket listens. `path` is empty for one without a name. */
export type SocketName = { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number };

/**
 * Takes over a listening socket that this process was started with: what it starts itself does not inherit it.
 * Undefined when the descriptor is no listening stream socket. Errors: SyscallError.
 */
export function takeInheritedSocket(fd: number): SocketName | undefined {
  const listening = [0];
  if (getsockoptC(fd, SOL_SOCKET, SO_ACCEPTCONN, listening, [4]) < 0 || listening[0] === 0) return undefined;
  check(fcntlC(fd, F_SETFD, FD_CLOEXEC), 'fcntl', `F_SETFD ${fd}`);
  const name = Buffer.alloc(NAME_MAX);
  const length = [NAME_MAX];
  check(getsocknameC(fd, name, length), 'getsockname', String(fd));
  switch (name.readUInt16LE(0)) {
    case AF_UNIX:
      return { kind: 'unix', path: name.toString('utf8', 2, length[0]).replace(/\0.*$/s, '') };
    case AF_INET:
      return { kind: 'tcp', host: name.subarray(4, 8).join('.'), port: name.readUInt16BE(2) };
    case AF_INET6:
      return { kind: 'tcp', host: ipv6Text(name.subarray(8, 24)), port: name.readUInt16BE(2) };
    default:
      return undefined;
  }
}

function ipv6Text(address: Buffer): string {
  const mapped = address.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
  if (mapped) return address.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(index * 2).toString(16));
  const text = groups.join(':');
  return text === '0:0:0:0:0:0:0:1' ? '::1' : text === '0:0:0:0:0:0:0:0' ? '::' : text;
}
