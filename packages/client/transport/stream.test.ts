import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { streamTransport } from './stream.ts';
import type { RawSocket, Transport } from './transport.ts';

/** Answers each connection with what `answer` writes; gathers what came in. */
let server: Server;
let path: string;
let answer: (socket: Socket, request: string) => void;
let connections: number;
let received: string;
const open = new Set<Socket>();

beforeEach(async () => {
  path = join(tmpdir(), `berth-stream-${process.pid}-${Math.random().toString(36).slice(2)}.sock`);
  connections = 0;
  received = '';
  server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      if (received.includes('\r\n\r\n')) answer(socket, received);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
});
afterEach(async () => {
  for (const socket of open) socket.destroy();
  open.clear();
  await new Promise((resolve) => server.close(resolve));
});

function transport(): Transport {
  return streamTransport(
    () =>
      new Promise<RawSocket>((resolve) => {
        const socket = tcpConnect({ path, allowHalfOpen: true }, () =>
          resolve({
            start({ data, end, error }) {
              socket.on('data', (chunk: Uint8Array) => {
                const busy = data(chunk);
                if (!busy) return;
                socket.pause();
                void busy.then(() => socket.resume());
              });
              socket.on('end', end).on('error', error);
            },
            write: (bytes) => new Promise((done) => socket.write(bytes, () => done())),
            closeWrite: () => void socket.end(),
            destroy: () => void socket.destroy(),
          }),
        );
      }),
  );
}

const get = { method: 'GET', path: '/x', headers: {} };

describe('requests over a byte stream', () => {
  it('read bodies by their length and by chunks, in pieces of any size, on one connection', async () => {
    const one = transport();
    answer = (socket) => {
      received = '';
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Own: 1\r\n\r\nhello');
    };
    const first = await one.request(get);
    expect([first.status, first.header('x-own'), await first.text()]).toEqual([200, '1', 'hello']);
    answer = (socket) => {
      received = '';
      const text =
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;note\r\nde\r\n0\r\nTrailer: x\r\n\r\n';
      for (const letter of text) socket.write(letter);
    };
    expect(await (await one.request(get)).text()).toBe('abcde');
    answer = (socket) => {
      received = '';
      socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    };
    expect((await one.request(get)).status).toBe(204);
    expect(connections).toBe(1);
  });

  it('pass over answers that only say to go on, and send streams in chunks', async () => {
    answer = (socket) => {
      if (received.endsWith('0\r\n\r\n'))
        socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    };
    const body = (async function* () {
      yield new TextEncoder().encode('ab');
      yield new Uint8Array(0);
      yield new TextEncoder().encode('cde');
    })();
    expect((await transport().request({ ...get, method: 'POST', body })).status).toBe(201);
    expect(received).toContain('\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n');
  });

  it('take another connection when an answer was left in the middle or the last one is closed', async () => {
    const one = transport();
    answer = (socket) => {
      received = '';
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning');
    };
    for await (const _chunk of (await one.request(get)).body) break;
    answer = (socket) => {
      received = '';
      socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end');
    };
    expect(await (await one.request(get)).text()).toBe('to the end');
    expect(await (await one.request(get)).text()).toBe('to the end');
    expect(connections).toBe(3);
  });

  it.each([
    ['no HTTP', 'SSH-2.0-x\r\n\r\n', 'malformed HTTP response'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}`, 'no end of its head'],
    [
      'chunks that are none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'malformed chunked encoding',
    ],
    ['a negative chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n', 'malformed chunked encoding'],
    ['a body that is cut', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', 'unexpected EOF'],
  ])('fail on %s', async (_name, text, why) => {
    answer = (socket) => void socket.end(text);
    const outcome = transport()
      .request(get)
      .then((response) => response.text());
    await expect(outcome).rejects.toThrow(why);
  });

  it('tell why a body could not be sent', async () => {
    answer = () => undefined;
    const body = (async function* () {
      yield new Uint8Array(1);
      throw new Error('the file is gone');
    })();
    await expect(transport().request({ ...get, method: 'POST', body })).rejects.toThrow('the file is gone');
  });
});
