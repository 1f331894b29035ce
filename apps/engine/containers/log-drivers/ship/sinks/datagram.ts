import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Socket } from 'node:net';
import { connectDatagram } from '../../../../linux/unix-datagram.ts';
import type { HostAddress } from '../../address.ts';
import { describeAddress } from './stream.ts';

/** Sends datagrams, one after the other. */
export interface DatagramSender {
  /** Resolves when the kernel has taken it. Errors: nobody listens (of unix sockets only). */
  send(datagram: Buffer): Promise<void>;
  close(): void;
}

export async function openUdp(address: HostAddress<'udp'>): Promise<DatagramSender> {
  const { address: host, family } = await lookup(address.host).catch((cause: unknown) => {
    throw new Error(`${describeAddress(address)}: no such host`, { cause });
  });
  const socket: UdpSocket = createSocket(family === 6 ? 'udp6' : 'udp4');
  socket.on('error', () => undefined); // what nobody received is lost: that is how UDP is
  socket.unref();
  return {
    send: (datagram) =>
      new Promise((resolve, reject) => {
        socket.send(datagram, address.port, host, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => socket.close(),
  };
}

/** Errors: ENOENT, ECONNREFUSED, EPROTOTYPE. */
export function openUnixDatagram(path: string): DatagramSender {
  const socket: Socket = connectDatagram(path);
  let failed: Error | undefined;
  socket.on('error', (error) => {
    failed = error;
  });
  return {
    send: (datagram) =>
      new Promise((resolve, reject) => {
        if (failed) reject(failed);
        else socket.write(datagram, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => socket.destroy(),
  };
}
