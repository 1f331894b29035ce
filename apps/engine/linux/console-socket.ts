import { closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import koffi from 'koffi';
import { descriptorOf } from './hang-up.ts';
import { libc, SyscallError } from './libc.ts';

const recvmsgC = libc.func('long recvmsg(int fd, uint8_t *message, int flags)');
const ioctlC = libc.func('int ioctl(int fd, unsigned long request, const uint8_t *argument)');
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_DONTWAIT = 0x40;
const TIOCSWINSZ = 0x5414;

/** Waits for an OCI runtime to send the master side of a terminal (runtime-spec, `--console-socket`). */
export interface ConsoleSocket {
  path: string;
  /** The terminal's master descriptor; the receiver owns it. Rejects when closed before. */
  master: Promise<number>;
  close(): void;
}

/** Listens on `path`, which must fit a unix address (107 bytes). */
export async function openConsoleSocket(path: string): Promise<ConsoleSocket> {
  const server: Server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  promise.catch(() => undefined); // whoever awaits it sees the failure; a socket closed unused is none
  let wanted = true;
  server.on('connection', (socket: Socket) => {
    receiveDescriptor(socket)
      .then((fd) => {
        if (!wanted) closeSync(fd); // nobody is left to own it
        wanted = false;
        resolve(fd);
      }, reject)
      .finally(() => {
        socket.destroy();
        server.close();
      });
  });
  return {
    path,
    master: promise,
    close() {
      wanted = false;
      server.close();
      reject(new Error('the terminal was not sent'));
      void rm(path, { force: true });
    },
  };
}

/** Sets a terminal's size in characters (ioctl_tty(2)); the foreground processes get SIGWINCH. */
export function setWindowSize(fd: number, rows: number, columns: number): void {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(rows, 0);
  size.writeUInt16LE(columns, 2);
  if (ioctlC(fd, TIOCSWINSZ, size) < 0) throw new SyscallError('ioctl', koffi.errno(), 'TIOCSWINSZ');
}

async function receiveDescriptor(socket: Socket): Promise<number> {
  const fd = descriptorOf(socket);
  if (fd === undefined) throw new Error('the console connection has no descriptor');
  for (let tries = 0; tries < 500; tries++) {
    const received = receiveOnce(fd);
    if (received !== undefined) return received;
    await new Promise((next) => setTimeout(next, 1)); // EAGAIN: the runtime connects first and sends right after
  }
  throw new Error('the runtime connected to the console socket and sent no terminal within 500 ms');
}

/** One recvmsg(2) with room for one descriptor (cmsg(3)); undefined for EAGAIN. */
function receiveOnce(fd: number): number | undefined {
  const data = Buffer.alloc(256);
  const control = Buffer.alloc(64);
  const iovec = Buffer.alloc(16);
  iovec.writeBigUInt64LE(koffi.address(data), 0);
  iovec.writeBigUInt64LE(BigInt(data.length), 8);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(koffi.address(iovec), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(koffi.address(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  const n = Number(recvmsgC(fd, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT));
  if (n < 0) {
    const errno = koffi.errno();
    if (errno === koffi.os.errno['EAGAIN']) return undefined;
    throw new SyscallError('recvmsg', errno, 'console socket');
  }
  // cmsghdr: length (8), level SOL_SOCKET = 1 (4), type SCM_RIGHTS = 1 (4), then descriptors
  if (Number(message.readBigUInt64LE(40)) < 20 || control.readInt32LE(8) !== 1 || control.readInt32LE(12) !== 1) {
    throw new Error('the runtime sent no descriptor on the console socket');
  }
  return control.readInt32LE(16);
}
