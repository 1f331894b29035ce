import { createHash, randomBytes } from 'node:crypto';
import { IncomingMessage } from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { queryObjects } from 'node:v8';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker } from '../../support/docker.ts';
import { type FakeEngine, startFakeEngine } from './fake-engine.ts';

const MEBIBYTE = 1024 * 1024;

/** Sends back what it gets, framed as stdout, and ends when its input ends. */
function echoFramed(connection: Duplex): void {
  connection.on('data', (chunk: Buffer) => {
    const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(chunk.length, 4);
    if (!connection.write(Buffer.concat([head, chunk]))) {
      connection.pause();
      connection.once('drain', () => connection.resume());
    }
  });
  connection.on('end', () => connection.end());
}

/** Owners that begin to read long after the connection was given to them, each in its way. */
const laterReaders: Record<string, (connection: Duplex) => void> = {
  'later-pipe': (connection) => connection.pipe(connection),
  'later-data': (connection) =>
    connection.on('data', (chunk) => connection.write(chunk)).on('end', () => connection.end()),
  'later-iterate': async (connection) => {
    for await (const chunk of connection.iterator({ destroyOnReturn: false })) connection.write(chunk);
    connection.end();
  },
};

let engine: FakeEngine;
const joined: Duplex[] = [];

beforeAll(async () => {
  engine = await startFakeEngine({
    containers: {
      attach: async (name) => ({
        tty: name === 'tty',
        join: (connection) => {
          joined.push(connection);
          if (name.startsWith('later')) setTimeout(() => laterReaders[name]!(connection), 100);
          else if (name === 'talks') connection.end('all of it');
          else connection.pipe(connection);
        },
      }),
      inspect: async (name) => ({ Id: name, State: { Running: true } }),
      execCreate: async () => ({ Id: 'e' }),
      execStart: async (_id, { detach }) => ({ tty: false, join: detach ? undefined : echoFramed }),
      execInspect: async () => ({ ID: 'e', Running: false, ExitCode: 42, ContainerID: 'c', Pid: 1 }),
    },
  });
});
afterAll(() => engine.close());

interface Exchange {
  head: string;
  received: Buffer;
}

/** Sends the request in the given pieces, then `input` after the head of the answer came, then closes its writing side. */
function exchange(pieces: string[], input: Buffer | undefined): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path: engine.socket, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    let head: string | undefined;
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (head !== undefined) return;
      const so = Buffer.concat(chunks);
      const end = so.indexOf('\r\n\r\n');
      if (end < 0) return;
      head = so.subarray(0, end).toString();
      chunks.splice(0, chunks.length, so.subarray(end + 4));
      if (input !== undefined) socket.end(input);
    });
    socket.on('end', () => resolve({ head: head ?? '', received: Buffer.concat(chunks) }));
    sendPieces(socket, pieces);
  });
}

/** Each piece in a packet of its own: the next goes when the one before was handed to the kernel. */
function sendPieces(socket: net.Socket, pieces: string[]): void {
  const [first, ...rest] = pieces;
  if (first === undefined) return;
  socket.write(first, () => setImmediate(() => sendPieces(socket, rest)));
}

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
const attach = (name: string, headers: string, version = '') =>
  `POST ${version}/containers/${name}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: docker\r\n${headers}\r\n`;

describe('the head', () => {
  test.each([
    ['x', UPGRADE, '/v1.42', 'HTTP/1.1 101 UPGRADED', 'multiplexed'],
    ['x', UPGRADE, '/v1.41', 'HTTP/1.1 101 UPGRADED', 'raw'],
    ['tty', UPGRADE, '/v1.50', 'HTTP/1.1 101 UPGRADED', 'raw'],
    ['x', '', '/v1.50', 'HTTP/1.1 200 OK', 'raw'],
  ])('for %s with %j and %s', async (name, headers, version, status, stream) => {
    const { head, received } = await exchange([attach(name, headers, version)], Buffer.from('hello'));
    expect(head.split('\r\n').slice(0, 2)).toEqual([status, `Content-Type: application/vnd.docker.${stream}-stream`]);
    expect(/^Upgrade: tcp$/im.test(head)).toBe(headers !== '');
    expect(head).toMatch(/^Api-Version: 1\.50$/im);
    expect(received.toString()).toBe('hello');
  });
});

describe('the connection', () => {
  const data = randomBytes(32 * MEBIBYTE);
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const start = (headers: string) =>
    `POST /v1.50/exec/e/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n${headers}`;

  test.each<[string, string[]]>([
    ['attach, upgrade', [attach('x', UPGRADE)]],
    ['attach, upgrade, length 0', [attach('x', `${UPGRADE}Content-Length: 0\r\n`)]],
    ['attach, no upgrade', [attach('x', 'Content-Length: 0\r\n')]],
    ['attach in two packets', [attach('x', UPGRADE).slice(0, 30), attach('x', UPGRADE).slice(30)]],
  ])('%s: 32 MiB there and back, closed one side at a time', async (_name, pieces) => {
    const { received } = await exchange(pieces, data);
    expect(received.length).toBe(data.length);
    expect(sha256(received)).toBe(sha256(data));
  });

  test.each<[string, string[]]>([
    ['upgrade, length', [start(`${UPGRADE}Content-Length: 2\r\n\r\n{}`)]],
    ['upgrade, body apart', [start(`${UPGRADE}Content-Length: 2\r\n\r\n`), '{', '}']],
    ['upgrade, chunked', [start(`${UPGRADE}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`)]],
    ['no upgrade, length', [start('Content-Length: 2\r\n\r\n{}')]],
    ['no upgrade, chunked and apart', [start('Transfer-Encoding: chunked\r\n\r\n'), '2\r\n{}\r\n', '0\r\n\r\n']],
  ])('exec, %s: the body is not taken for input', async (_name, pieces) => {
    const { received } = await exchange(pieces, Buffer.from('input'));
    expect(received.subarray(0, 8)).toEqual(Buffer.from([1, 0, 0, 0, 0, 0, 0, 5]));
    expect(received.subarray(8).toString()).toBe('input');
  });

  test.each(Object.keys(laterReaders))('%s: input that comes before somebody reads is kept', async (name) => {
    const { received } = await exchange([attach(name, UPGRADE)], data.subarray(0, 3 * MEBIBYTE));
    expect(sha256(received)).toBe(sha256(data.subarray(0, 3 * MEBIBYTE)));
  });

  test('the engine may end first while the client still holds its side open', async () => {
    const { received } = await exchange([attach('talks', UPGRADE)], undefined);
    expect(received.toString()).toBe('all of it');
  });

  test('a client that goes away is seen', async () => {
    joined.length = 0;
    const socket = net.connect(engine.socket);
    socket.write(attach('x', UPGRADE));
    await new Promise((resolve) => socket.once('data', resolve));
    const closed = new Promise((resolve) => joined[0]!.once('close', resolve));
    socket.destroy();
    await closed;
  });

  test('nothing of a connection stays in memory', async () => {
    const alive = () => queryObjects(IncomingMessage, { format: 'count' });
    const before = alive();
    for (let round = 0; round < 50; round++) await exchange([attach('x', UPGRADE)], Buffer.from('x'));
    await expect.poll(alive).toBeLessThan(before + 10);
  });

  test('errors before the switch are ordinary answers', async () => {
    const answer = await engine.request('POST', '/exec/e/start', {
      body: '{"Tty":1}',
      headers: { 'Content-Type': 'application/json' },
    });
    expect([answer.status, answer.json()]).toEqual([400, { message: 'invalid JSON: Tty must be a boolean' }]);
  });

  test('a detached exec is an ordinary answer', async () => {
    expect((await engine.request('POST', '/exec/e/start', { body: { Detach: true } })).status).toBe(200);
  });
});

describe('the docker command line', () => {
  test('exec -i passes input, its end, output and the exit code', async () => {
    const input = randomBytes(MEBIBYTE).toString('base64');
    const result = await docker(engine, ['exec', '-i', 'c', 'cat'], { input });
    expect(result.stderr).toBe('');
    expect(result.code).toBe(42);
    expect(result.stdout === input).toBe(true);
  });
});

test('closing cuts hijacked connections', async () => {
  const other = await startFakeEngine({ containers: { attach: async () => ({ tty: false, join: () => {} }) } });
  const socket = net.connect({ path: other.socket, allowHalfOpen: true });
  socket.write(attach('x', UPGRADE));
  await new Promise((resolve) => socket.once('data', resolve));
  const ended = new Promise((resolve) => socket.once('end', resolve));
  await other.close();
  await ended;
  socket.destroy();
});
