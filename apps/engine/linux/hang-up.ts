import type { Socket } from 'node:net';
import { libc } from './libc.ts';

const pollC = libc.func('int poll(uint8_t *entries, ulong count, int timeout)');
const POLLERR = 0x8;
const POLLHUP = 0x10;
const LOOK_EVERY_MS = 500;

/**
 * Destroys a connection when its peer is gone. One that only ended its direction still reads, and nothing but a failed
 * write tells the two apart, which for a silent program may never come: poll(2) says POLLHUP for a local peer that has
 * closed both. Peers over TCP are found by keep-alive or a failed write as ever.
 */
export function destroyWhenHungUp(socket: Socket): void {
  socket.once('end', () => {
    const timer = setInterval(() => {
      const fd = descriptorOf(socket);
      if (fd === undefined || isHungUp(fd)) socket.destroy();
    }, LOOK_EVERY_MS);
    timer.unref();
    socket.once('close', () => clearInterval(timer));
  });
}

/** Node has no public name for the descriptor of a socket. */
export function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

function isHungUp(fd: number): boolean {
  const entry = Buffer.alloc(8); // struct pollfd; no events are asked for: hang-ups and errors are always told
  entry.writeInt32LE(fd, 0);
  pollC(entry, 1, 0);
  return (entry.readUInt16LE(6) & (POLLERR | POLLHUP)) !== 0;
}
