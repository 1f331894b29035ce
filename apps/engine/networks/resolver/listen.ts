import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { errnoOf } from '@berth/kit';
import { type BoundPair, bindInNamespace } from '../../linux/namespace-sockets.ts';

/** Answers one message; undefined: nothing. */
export type Handle = (message: Buffer, protocol: 'udp' | 'tcp') => Promise<Buffer | undefined> | Buffer | undefined;

/** Sockets on 127.0.0.11 inside a container's network. */
export interface Listener {
  readonly udpPort: number;
  readonly tcpPort: number;
  close(): void;
}

/**
 * Listens in a namespace, on the wanted ports where they are free. Not on port 53 itself: an application that wants
 * 0.0.0.0:53 could not have it then; rules in the namespace lead there.
 */
export function listen(namespacePath: string, wanted: { udp: number; tcp: number }, handle: Handle): Listener {
  const { udp, tcp } = bindWanted(namespacePath, wanted);
  const datagrams = serveUdp(udp.fd, handle);
  const streams = serveTcp(tcp.fd, handle);
  return {
    udpPort: udp.port,
    tcpPort: tcp.port,
    close() {
      datagrams.close();
      streams.close();
    },
  };
}

function bindWanted(namespacePath: string, wanted: { udp: number; tcp: number }): BoundPair {
  try {
    return bindInNamespace(namespacePath, ADDRESS, wanted);
  } catch (error) {
    if (errnoOf(error) !== 'EADDRINUSE') throw error;
    return bindInNamespace(namespacePath, ADDRESS, { udp: 0, tcp: 0 });
  }
}

function serveUdp(fd: number, handle: Handle): UdpSocket {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined); // a client that went away
  socket.on('message', (message, { port, address }) => {
    const send = (reply: Buffer | undefined) => {
      if (reply) socket.send(reply, port, address, () => undefined);
    };
    try {
      const reply = handle(message, 'udp');
      if (reply instanceof Promise) reply.then(send).catch(() => undefined);
      else send(reply);
    } catch {
      // No reply to what cannot be answered: a name that cannot be written again, a sender with port 0.
    }
  });
  socket.bind({ fd, exclusive: true });
  return socket;
}

function serveTcp(fd: number, handle: Handle): { close(): void } {
  const connections = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    socket.on('error', () => undefined);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    converse(socket, handle);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('error', () => undefined);
  server.listen({ fd });
  return {
    close() {
      server.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

/** Messages with their length in front, one after another; the next is read when the last was answered. */
function converse(socket: Socket, handle: Handle): void {
  let got = Buffer.alloc(0);
  let busy = false;
  const next = async () => {
    if (busy) return;
    busy = true;
    while (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) {
      const message = got.subarray(2, 2 + got.readUInt16BE(0));
      got = got.subarray(2 + message.length);
      const reply = await handle(Buffer.from(message), 'tcp');
      if (!reply || socket.destroyed) return void socket.destroy();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
    }
    busy = false;
  };
  socket.on('data', (data: Buffer) => {
    got = Buffer.concat([got, data]);
    if (got.length > MAX_UNREAD) return void socket.destroy();
    next().catch(() => socket.destroy());
  });
}

const ADDRESS = Buffer.of(127, 0, 0, 11);
const IDLE_MS = 10_000;
const MAX_CONNECTIONS = 64;
const MAX_UNREAD = 2 * 65_537;
