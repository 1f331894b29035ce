import net from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeEngine, startFakeEngine } from './fake-engine.ts';

let engine: FakeEngine;
beforeAll(async () => {
  engine = await startFakeEngine({
    containers: {
      attach: async (name, options) => ({
        tty: name === 'tty',
        join: (connection: Duplex) => {
          if (name === 'options') connection.end(frame(Buffer.from(JSON.stringify(options))));
          else if (name === 'tty') connection.pipe(connection);
          else
            connection
              .on('data', (chunk: Buffer) => sendInBits(connection, frame(chunk)))
              .on('end', () => connection.end());
        },
      }),
    },
  });
});
afterAll(() => engine.close());

function frame(payload: Buffer): Buffer {
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

/** Frames arrive in any pieces. */
function sendInBits(connection: Duplex, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 3) connection.write(bytes.subarray(at, at + 3));
}

/** Sends the messages, collects `expected` bytes, closes. */
function talk(name: string, messages: (string | Uint8Array)[], expected: number, version = 'v1.50'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(
      `ws://127.0.0.1:${engine.tcpPort}/${version}/containers/${name}/attach/ws?stream=1&stdin=1`,
    );
    client.binaryType = 'arraybuffer';
    let received = Buffer.alloc(0);
    client.addEventListener('open', () => {
      for (const message of messages) client.send(message);
    });
    client.addEventListener('message', ({ data }) => {
      received = Buffer.concat([received, Buffer.from(data as ArrayBuffer)]);
      if (received.length >= expected) client.close();
    });
    client.addEventListener('close', () => resolve(received));
    client.addEventListener('error', () => reject(new Error('the websocket failed')));
  });
}

test('a terminal passes both ways', async () => {
  expect((await talk('tty', ['hello ', new TextEncoder().encode('world')], 11)).toString()).toBe('hello world');
});

test.each([125, 126, 65535, 65536, 300_000])('messages of %i bytes arrive whole', async (length) => {
  const message = Buffer.alloc(length, 'abc');
  expect((await talk('tty', [message], length)).equals(message)).toBe(true);
});

test('frames of streams are taken away, however they are cut', async () => {
  expect((await talk('plain', ['first', 'second'], 11)).toString()).toBe('firstsecond');
});

test('before 1.42 all streams are attached', async () => {
  expect(JSON.parse((await talk('options', [], 1, 'v1.41')).toString())).toMatchObject({
    stdin: true,
    stdout: true,
    stderr: true,
  });
  expect(JSON.parse((await talk('options', [], 1)).toString())).toMatchObject({
    stdin: true,
    stdout: false,
    stderr: false,
  });
});

test('what is no handshake is refused', async () => {
  expect((await engine.request('GET', '/containers/x/attach/ws')).status).toBe(400);
});

test.each<[string, number[], number]>([
  ['unmasked', [0x82, 0x01, 0x61], 1002],
  ['larger than the bound', [0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4], 1009],
])('a frame that is %s ends the connection', async (_name, bytes, code) => {
  const socket = net.connect(engine.socket);
  socket.write(
    'GET /containers/tty/attach/ws HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [head] = (await new Promise<Buffer[]>((resolve) =>
    socket.once('data', (chunk: Buffer) => resolve([chunk])),
  )) as [Buffer];
  expect(head.toString()).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  socket.write(Buffer.from(bytes));
  const rest = Buffer.concat(await socket.toArray());
  expect([...rest.subarray(0, 4)]).toEqual([0x88, 2, code >> 8, code & 0xff]);
});
