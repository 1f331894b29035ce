import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { destroyWhenHungUp } from '../linux/hang-up.ts';

/**
 * Listeners by which Node's HTTP server reads and ends a connection; a connection that is given away has none of them.
 * Those for `close` stay: they free the HTTP parser, which would stay in memory for ever.
 */
const SERVER_EVENTS = ['data', 'end', 'drain', 'error', 'timeout', 'readable'] as const;

/**
 * Takes a connection out of the HTTP server. The request's body must have been read. Nothing of the server touches the
 * socket afterwards; both directions end on their own (half-close).
 */
export function takeConnection(request: IncomingMessage, response: ServerResponse): Socket {
  const socket = request.socket;
  request.on('error', () => {}); // an abort is told by the socket from now on
  response.detachSocket(socket);
  for (const event of SERVER_EVENTS) {
    // One by one: removeAllListeners leaves the stream believing that somebody listens, and it would flow to nobody.
    for (const listener of socket.rawListeners(event)) socket.off(event, listener as () => void);
  }
  // A listener for `readable` makes the HTTP parser let go of the handle and stops the flow: what comes before the new
  // owner reads is kept, neither parsed nor dropped.
  const letGo = () => {};
  socket.on('readable', letGo);
  socket.off('readable', letGo);
  socket.setTimeout(0);
  destroyWhenHungUp(socket);
  socket.setNoDelay(true);
  return socket;
}

/** Head of the answer that switches to Docker's raw streams: 101 for a client that asked for it, else 200. */
export function hijackHead(options: {
  upgrade: boolean;
  multiplexed: boolean;
  headers: Readonly<Record<string, string>>;
}): string {
  const type = options.upgrade && options.multiplexed ? 'multiplexed' : 'raw';
  const lines = [
    options.upgrade ? 'HTTP/1.1 101 UPGRADED' : 'HTTP/1.1 200 OK',
    `Content-Type: application/vnd.docker.${type}-stream`,
    ...(options.upgrade ? ['Connection: Upgrade', 'Upgrade: tcp'] : []),
    ...Object.entries(options.headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
