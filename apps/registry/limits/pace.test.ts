import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import type { Exchange } from '../http/exchange.ts';
import { keepPace } from './pace.ts';

const LARGE = Buffer.alloc(32 << 20);

/** What the server does with requests, by their path. It does not end any of them. */
const SERVES: Record<string, (exchange: Exchange) => Promise<unknown>> = {
  '/sends': async ({ body }) => {
    for await (const _ of body());
  },
  '/we-do-not-read': ({ message }) => once(message, 'close'),
  '/we-do-not-write': ({ answer }) => once(answer, 'close'),
  '/takes': ({ answer }) => {
    answer.write(LARGE);
    return once(answer, 'close');
  },
};

test('a client who sends byte by byte, or takes nothing, is cut off; one who is waited on is not', async () => {
  const cut: string[] = [];
  const pace = keepPace({ bytesPerSecond: 10_000, window: 100 }, ({ message }) => cut.push(message.url ?? ''));
  const server = createServer((message, answer) => {
    const serve = SERVES[message.url ?? ''] ?? (() => Promise.resolve());
    const endpoint = pace.around({
      name: 'x',
      repository: 'a',
      needs: [],
      serve: async (ex) => void (await serve(ex)),
    });
    const caller = { name: undefined, may: () => true, sees: () => true };
    const exchange = { message, answer, query: new URLSearchParams(), caller, body: () => message };
    endpoint.serve({ ...exchange, cut: () => void message.destroy() }).catch(() => undefined); // it was cut
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const begin = (path: string, head: string, body = '') => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined); // cut off by the server
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${body}`);
    return socket;
  };
  const dripping = begin('/sends', 'Content-Length: 100000');
  const drip = setInterval(() => dripping.write('x'), 10);
  const unread = begin('/we-do-not-read', 'Content-Length: 100000', 'x'.repeat(10_000));
  const waiting = begin('/we-do-not-write', 'Content-Length: 0');
  const deaf = begin('/takes', 'Content-Length: 0').pause();
  try {
    await expect.poll(() => cut.toSorted()).toEqual(['/sends', '/takes']);
    await expect.poll(() => dripping.destroyed || dripping.closed).toBe(true);
    expect([unread.destroyed, waiting.destroyed]).toEqual([false, false]);
  } finally {
    clearInterval(drip);
    for (const socket of [dripping, unread, waiting, deaf]) socket.destroy();
    pace.close();
    server.closeAllConnections();
    server.close();
  }
});
