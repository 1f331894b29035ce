import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, request as tlsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificates } from '../../../tests/support/certificates.ts';
import { openDisk } from './disk.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-send-'));
const disk = openDisk(root);
/** Longer than what the kernel takes of a connection at a time. */
const bytes = randomBytes(20_000_000);
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
/** What the servers do with a request. */
let serve: (answer: ServerResponse) => Promise<void>;
let done: Promise<void>;
const servers: Record<'http' | 'https', Server | undefined> = { http: undefined, https: undefined };

beforeAll(async () => {
  await disk.write('a/b', bytes);
  mkdirSync(join(root, 'tls'));
  const { serverCert, serverKey } = makeCertificates(join(root, 'tls'));
  const handle: RequestListener = (_, answer) => {
    done = serve(answer);
    done.catch(() => answer.destroy());
  };
  servers.http = createServer(handle);
  servers.https = createTlsServer({ cert: readFileSync(serverCert), key: readFileSync(serverKey) }, handle);
  for (const server of Object.values(servers)) await once(server!.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  for (const server of Object.values(servers)) {
    server?.closeAllConnections();
    server?.close();
  }
  rmSync(root, { recursive: true, force: true });
});

const isOpen = () =>
  readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(root, 'a'));
    } catch {
      return false; // the folder that was just read
    }
  });

/** Asks a server; resolves when its answer begins. Nothing of it is read yet. */
async function ask(how: 'http' | 'https' = 'http'): Promise<IncomingMessage> {
  const { port } = servers[how]!.address() as AddressInfo;
  const options = { host: '127.0.0.1', port, agent: false } as const;
  const sent = how === 'http' ? request(options) : tlsRequest({ ...options, rejectUnauthorized: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

/** Serves a part of the file. */
const sends =
  (key: string, range?: { start: number; end: number }, length = bytes.length) =>
  async (answer: ServerResponse) => {
    const sender = (await disk.sender!(key, range))!;
    answer.writeHead(200, { 'content-length': length });
    await sender.sendTo(answer);
  };

test.each([
  [0, 1_299_999],
  [0, 0],
  [5, 262_148],
  [262_144, 524_288],
  [1_299_999, 1_299_999],
])('bytes %i to %i arrive as they are', async (start, end) => {
  serve = sends('a/b', { start, end }, end - start + 1);
  const body = Buffer.concat(await (await ask()).toArray());
  expect(body.equals(bytes.subarray(start, end + 1))).toBe(true);
  await done;
  expect(isOpen()).toBe(false);
});

test.each(['http', 'https'] as const)(
  'a slow client gets the right bytes: memory is not used again too early, %s',
  async (how) => {
    serve = sends('a/b');
    const response = await ask(how);
    const parts: Buffer[] = [];
    response.on('data', (chunk: Buffer) => {
      parts.push(chunk);
      if (parts.length % 16 !== 0) return;
      response.pause();
      setTimeout(() => response.resume(), 3);
    });
    await once(response, 'end');
    expect(sha256(Buffer.concat(parts))).toBe(sha256(bytes));
    await done;
    expect(isOpen()).toBe(false);
  },
);

test('a client that goes away, before or in between: it fails, and the file is closed', async () => {
  serve = async (answer) => {
    answer.writeHead(200, { 'content-length': bytes.length }).flushHeaders();
    await once(answer, 'close');
    await (await disk.sender!('a/b'))!.sendTo(answer);
  };
  (await ask()).destroy();
  await expect
    .poll(() =>
      done.then(
        () => 'sent',
        (error) => error.code,
      ),
    )
    .toMatch(/^ERR_(?:STREAM|HTTP)_/);
  expect(isOpen()).toBe(false);
  serve = sends('a/b');
  const response = await ask();
  await once(response, 'readable');
  expect(isOpen()).toBe(true);
  response.destroy();
  await expect(done).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_STREAM_|^EPIPE$|^ECONNRESET$/) });
  expect(isOpen()).toBe(false);
});

test('a file that became shorter is not sent as a whole one; one that is not sent is closed', async () => {
  writeFileSync(join(root, 'a/c'), bytes.subarray(0, 1_300_000));
  const unused = (await disk.sender!('a/c'))!;
  serve = async (answer) => {
    const sender = (await disk.sender!('a/c', { start: 0, end: 1_299_999 }))!;
    truncateSync(join(root, 'a/c'), 1000);
    answer.writeHead(200, { 'content-length': 1_300_000 });
    await sender.sendTo(answer);
  };
  await expect(ask().then((response) => response.toArray())).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(done).rejects.toThrow('shorter');
  await unused.close();
  expect([isOpen(), await disk.sender!('a/nothing')]).toEqual([false, undefined]);
});
