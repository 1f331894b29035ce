import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { afterEach, expect, test } from 'vitest';
import { readConfig } from '../settings/config.ts';
import { startRegistry } from '../start.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** At every address of this machine, of IPv6 too where it has such. */
async function start() {
  const root = mkdtempSync(join(tmpdir(), 'berth-log-request-'));
  undo.push(() => rmSync(root, { recursive: true, force: true }));
  const lines: Record<string, unknown>[] = [];
  const running = await startRegistry(
    readConfig({ root, listen: ':0', watch: { listen: '127.0.0.1:0' } }, ''),
    createLogger('info', 'json', (line) => {
      const read: unknown = JSON.parse(line);
      if (typeof read === 'object' && read !== null) lines.push({ ...read });
    }),
  );
  undo.push(() => running.stop());
  const port = Number(/\d+$/.exec(running.address)?.[0]);
  return { ...running, port, requests: () => lines.filter(({ msg }) => msg === 'request') };
}

test('an address of IPv4 is written as such, whatever the registry listens at', async () => {
  const { port, requests } = await start();
  expect((await fetch(`http://127.0.0.1:${port}/v2/`)).status).toBe(200);
  await expect.poll(requests).toEqual([expect.objectContaining({ remote: '127.0.0.1', status: 200, path: '/v2/' })]);
});

test('who goes away before there is an answer is not counted as one who was answered', async () => {
  const { port, requests, watched } = await start();
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const { pathname } = new URL(
    (await fetch(`http://127.0.0.1:${port}/v2/a/blobs/uploads/`, { method: 'POST' })).headers.get('location') ?? '',
    'http://x',
  );
  socket.write(`PATCH ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc`);
  const size = async () => (await fetch(`http://127.0.0.1:${port}${pathname}`)).headers.get('range');
  await expect.poll(size).toBe('0-2'); // it is under way
  socket.destroy();
  const patches = () => requests().filter(({ method }) => method === 'PATCH');
  await expect.poll(patches).toEqual([expect.objectContaining({ status: 499, broken: true })]);
  const figures = await (await fetch(`http://${watched}/metrics`)).text();
  expect(figures).toContain('berth_registry_requests_total{endpoint="upload.patch",code="499"} 1');
});

test('all bytes of a request and of its answer are counted, headers too, and those that come in one piece with them', async () => {
  const { port, requests, watched } = await start();
  const socket = connect(port, '127.0.0.1');
  undo.push(() => void socket.destroy());
  await once(socket, 'connect');
  let answers = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answers += text;
  });
  const ask = async (request: string, end: RegExp) => {
    const [before, known] = [answers.length, requests().length];
    socket.write(request);
    await expect.poll(() => answers.slice(before)).toMatch(end);
    await expect.poll(() => requests().length).toBe(known + 1);
    return { in: Buffer.byteLength(request), out: answers.length - before };
  };
  const first = await ask('GET /v2/ HTTP/1.1\r\nHost: x\r\nUser-Agent: one\r\n\r\n', /\{\}$/);
  const body = JSON.stringify({ schemaVersion: 2, config: { x: 'y'.repeat(500) } });
  const put = `PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const second = await ask(put, /\]\}$/);
  const third = await ask('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n', /\{\}$/);
  expect(requests().map(({ in: read, out }) => ({ in: read, out }))).toEqual([first, second, third]);
  const figures = await (await fetch(`http://${watched}/metrics`)).text();
  expect(figures).toContain(`berth_registry_received_bytes_total{endpoint="base"} ${first.in + third.in}`);
  expect(figures).toContain(`berth_registry_sent_bytes_total{endpoint="base"} ${first.out + third.out}`);
});
