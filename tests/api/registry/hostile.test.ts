import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, digestOf, newBlob, newImage, pushBlob, putManifest, startUpload } from '../../support/registry-calls.ts';
import { contentFiles, type RegistryHere, startRegistryHere } from '../../support/registry-in-process.ts';

const NAME = 'hostile/app';

describe('hostile clients of the registry', () => {
  let registry: RegistryHere;
  beforeAll(async () => {
    registry = await startRegistryHere({ limits: { headers: '400ms', idle: '600ms', blob: '1MiB', connections: 40 } });
    const image = await newImage(registry.url, NAME);
    await putManifest(registry.url, NAME, 'latest', image);
  });
  afterAll(() => registry?.close());

  /** A connection of its own, on which anything can be written. */
  async function open(text = ''): Promise<Socket> {
    const { hostname, port } = new URL(registry.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  }

  /** All that the registry says until it closes. */
  async function said(socket: Socket): Promise<string> {
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
    return text;
  }

  const alive = async () => expect((await call(registry.url, 'GET', `/v2/${NAME}/manifests/latest`)).status).toBe(200);

  it.each([
    ['many headers', `${Array.from({ length: 5_000 }, (_, n) => `X-${n}: y`).join('\r\n')}\r\n`],
    ['a long header', `X: ${'y'.repeat(100_000)}\r\n`],
    ['a long path', ''],
  ])('a header bomb is refused: %s', async (kind, headers) => {
    const path = kind === 'a long path' ? `/v2/${'a/'.repeat(50_000)}tags/list` : '/v2/';
    const answer = await said(await open(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`));
    // What was written after the registry had had enough may take its answer away (RST).
    expect(answer).toMatch(/^(HTTP\/1\.1 (431|400) |$)/);
    await alive();
  });

  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a negative length', 'Content-Length: -5\r\n\r\n'],
    ['a chunk of no size', 'Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n'],
    ['a line end in a header', 'X: a\rb\r\n\r\n'],
    ['no host', '\r\n'],
  ])('a request that can be read in two ways is refused: %s', async (kind, rest) => {
    const host = kind === 'no host' ? '' : 'Host: x\r\n';
    const answer = await said(await open(`POST /v2/${NAME}/blobs/uploads/ HTTP/1.1\r\n${host}${rest}`));
    // A chunk that is none may come to light when the answer is on its way.
    if (kind !== 'a chunk of no size') expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    await alive();
  });

  it('headers that come too slowly: the connection is closed', async () => {
    const socket = await open('GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const drip = setInterval(() => socket.write('y'), 50);
    await said(socket);
    clearInterval(drip);
    await alive();
  });

  it('a body that stops: the connection is closed, and the upload goes on where it was', async () => {
    const bytes = newBlob(1000);
    const location = await startUpload(registry.url, NAME);
    const head = `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`;
    const socket = await open(head);
    socket.write(bytes.subarray(0, 400));
    await said(socket);
    const { headers } = await call(registry.url, 'GET', location);
    expect(headers.range).toBe('0-399');
    const digest = digestOf(bytes);
    const answer = await call(registry.url, 'PUT', `${location}?digest=${digest}`, { body: bytes.subarray(400) });
    expect(answer.status).toBe(201);
  });

  it('a reader that does not read: the connection is closed', async () => {
    const digest = await pushBlob(registry.url, NAME, newBlob(1024 * 1024));
    const requests = `GET /v2/${NAME}/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(30);
    const socket = await open(requests);
    socket.pause();
    // More than any buffer between takes: the registry waits, and then has waited long enough.
    await expect.poll(() => countOpen(registry.address), { timeout: 20_000 }).toBe(0);
    socket.destroy();
    await alive();
  });

  it('more connections than are allowed are closed, and those that are there go on', async () => {
    const sockets = await Promise.all(Array.from({ length: 40 }, () => open('GET /v2/ HTTP/1.1\r\n')));
    const more = await open();
    expect(await said(more)).toBe('');
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(async () => (await call(registry.url, 'GET', '/v2/').catch(() => ({ status: 0 }))).status)
      .toBe(200);
  });

  it('a refused body is not asked for: 100-continue comes only when it is wanted', async () => {
    const wanted = (path: string, length: number) =>
      open(
        `PUT ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`,
      );
    const location = await startUpload(registry.url, NAME);
    for (const [path, length] of [
      [`/v2/NOT/manifests/x`, 10],
      [`/v2/${NAME}/manifests/x`, 5 * 1024 * 1024],
      [`${location}?digest=${digestOf('')}`, 2 * 1024 * 1024],
    ] as const)
      expect(await said(await wanted(path, length))).toMatch(/^HTTP\/1\.1 4\d\d /);
    const socket = await wanted(`${location}?digest=${digestOf('hello')}`, 5);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 100 Continue/);
    socket.write('hello');
    expect(await said(socket)).toMatch(/^HTTP\/1\.1 201 /);
  });

  it('a manifest without end is refused after 4 MiB, and memory stays bounded', async () => {
    const before = process.memoryUsage().rss;
    const socket = await open(`PUT /v2/${NAME}/manifests/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 0x20), Buffer.from('\r\n')]);
    let answer = '';
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString();
    });
    socket.setMaxListeners(0);
    let sent = 0;
    for (; sent < 200 && !socket.closed; sent++)
      if (!socket.write(chunk))
        await new Promise<void>((next) => {
          for (const event of ['drain', 'close']) socket.once(event, () => next());
        });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeLessThan(200); // the connection was given up
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    await alive();
  });

  it('a blob that is too long is refused, said or not', async () => {
    const location = await startUpload(registry.url, NAME);
    const body = Buffer.alloc(1024 * 1024 + 1);
    const said = await call(registry.url, 'PATCH', location, { body });
    expect([said.status, said.codes()]).toEqual([413, ['SIZE_INVALID']]);
    const unsaid = await call(registry.url, 'PATCH', location, { body, chunked: true });
    expect([unsaid.status, unsaid.codes()]).toEqual([413, ['SIZE_INVALID']]);
    expect((await call(registry.url, 'DELETE', location)).status).toBe(204);
  });

  it.each([
    '/v2/../../etc/passwd',
    '/v2/a/../../../etc/manifests/passwd',
    '/v2/%2e%2e/%2e%2e/etc/manifests/passwd',
    '/v2/a%2f..%2f..%2fetc/tags/list',
    `/v2/a/blobs/sha256:${'../'.repeat(20)}etc/passwd`,
    '/v2/a/blobs/uploads/..%2f..%2f..%2fregistry.lock',
    '/v2/a/blobs/uploads/../../../registry.lock',
    '/v2/a/manifests/..',
    '/v2/a/manifests/_manifests',
    '/v2/_blobs/tags/list',
    '/v2/a\0b/tags/list',
    '//v2/a/tags/list',
    'http://other/v2/a/tags/list',
  ])('no path leads out: %j', async (path) => {
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect(
        await said(
          await open(`${method} ${path.replace('\0', '%00')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
        ),
      ).toMatch(/^HTTP\/1\.1 (4\d\d) /);
  });

  it('whatever is asked is answered without a failure, and nothing comes to lie where it should not', async () => {
    const before = new Set(contentFiles(registry.root).keys());
    const part = fc.constantFrom(
      ...['v2', 'a', 'blobs', 'uploads', 'manifests', 'tags', 'list', 'referrers', '_catalog', '..', '.', '', '%00'],
      ...[digestOf('x'), 'sha256:', 'latest', 'ä', '%', '%2f', 'A', '-', '__', `${'b'.repeat(300)}`],
    );
    const query = fc.constantFrom('', '?n=1', '?digest=x', `?digest=${digestOf('')}`, '?mount=x&from=..', '?n=%00');
    const header = fc.constantFrom({}, { range: 'bytes=5-1' }, { 'content-range': 'x' }, { 'content-type': 'ä/é' });
    const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE');
    const body = fc.constantFrom('', '{}', '{"schemaVersion":2}', 'x');
    const parts = fc.array(part, { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(method, parts, query, header, body, async (verb, path, tail, headers, text) => {
        const target = `/v2/${path.join('/')}${tail}`;
        const answer = await call(registry.url, verb, encodeURI(target).replaceAll('%25', '%'), {
          headers,
          ...(verb === 'GET' || verb === 'HEAD' ? {} : { body: text }),
        });
        expect(answer.status, `${verb} ${target}`).toBeLessThan(500);
        if (answer.status >= 400 && verb !== 'HEAD') expect(answer.codes()).toHaveLength(1);
      }),
      { numRuns: 600 },
    );
    expect(registry.log).toEqual([]);
    const fresh = [...contentFiles(registry.root).keys()].filter((file) => !before.has(file));
    expect(fresh.filter((file) => !/^(staged\/|blobs\/sha\d+\/|repositories\/[a-z0-9/._-]+$)/.test(file))).toEqual([]);
  });
});

/** Connections of others that are open at this address, by the kernel's table. */
async function countOpen(address: string): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const port = Number(address.split(':')[1]).toString(16).toUpperCase().padStart(4, '0');
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n');
  return lines.filter((line) => new RegExp(`^ *\\d+: 0100007F:${port} \\S+ 01 `).test(line)).length;
}
