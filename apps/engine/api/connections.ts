import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** All open connections of the API, hijacked ones included, so that the engine can end. */
export interface Connections {
  watch(server: Server): void;
  /** Aborts when `close` begins: answers without end stop then. */
  readonly closing: AbortSignal;
  /** Names a connection as one that only its two ends finish. */
  hijacked(socket: Socket): void;
  /** Cuts hijacked connections now, the others after `milliseconds` at the latest. */
  close(milliseconds: number): Promise<void>;
}

export function createConnections(): Connections {
  const open = new Set<Socket>();
  const given = new Set<Socket>();
  const closing = new AbortController();
  let emptied = () => {};
  const onClosed = (socket: Socket) => {
    open.delete(socket);
    if (open.size === 0) emptied();
  };
  return {
    closing: closing.signal,
    watch: (server) =>
      server.on('connection', (socket) => {
        open.add(socket);
        socket.once('close', () => onClosed(socket));
      }),
    hijacked: (socket) => {
      // With TLS this is not the socket that was watched, but the one around it.
      given.add(socket);
      socket.once('close', () => given.delete(socket));
    },
    close: async (milliseconds) => {
      closing.abort();
      for (const socket of given) socket.destroy();
      if (open.size === 0) return;
      const done = new AbortController();
      const allClosed = new Promise<void>((resolve) => {
        emptied = resolve;
      });
      await Promise.race([allClosed, delay(milliseconds, undefined, { signal: done.signal }).catch(() => undefined)]);
      done.abort();
      for (const socket of open) socket.destroy();
    },
  };
}
