// ATTACK CLASSES: CVE-2024-41110, CVE-2026-34040 (a body that one reader sees and another does not), CVE-2017-11468,
// CVE-2023-25153 (bodies without end), CVE-2014-9357, CVE-2021-20291 (streams that grow or hang).
// The reading of bodies alone is in ../../api/server/router.test.ts.
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRoutes } from '../../../apps/engine/api/index.ts';
import { open, type Target } from '../../support/request.ts';
import { archiveOf } from '../images/unpacking.ts';
import { Arena, HONEST } from './arena.ts';

let arena: Arena;
let target: Target & { socketPath: string };
beforeAll(async () => {
  arena = await Arena.open();
  target = { socketPath: arena.engine.socket };
});
afterAll(() => arena.close());

const BODY_MAX = 4 * 1024 * 1024;
const json = { 'Content-Type': 'application/json' };
const memory = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${arena.engine.pid}/status`, 'utf8'))?.[1]) * 1024;

/** Routes that take a JSON body to do something with. */
const MUTATING = [
  ['POST', '/containers/create'],
  ['POST', '/containers/NAME/exec'],
  ['POST', '/exec/NAME/start'],
  ['POST', '/berth/v1/images/starter'],
  ['POST', '/containers/NAME/update'],
  ['POST', '/networks/create'],
  ['POST', '/volumes/create'],
] as const;

test('the list above is complete', () => {
  const routes = createRoutes(new Proxy({}, { get: () => new Proxy({}, { get: () => () => undefined }) }) as never);
  const paths = routes.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, 'NAME')}`);
  for (const [method, path] of MUTATING) expect(paths).toContain(`${method} ${path}`);
});

describe.each(MUTATING)('%s %s', (method, path) => {
  const send = async (body: string | Buffer | undefined, headers: Record<string, string> = json) => {
    const id = path.includes('NAME/exec') ? await arena.up() : undefined;
    try {
      const answer = await arena.engine.request(method, path.replace('NAME', id ?? 'nobody'), {
        ...(body === undefined ? {} : { body }),
        headers,
      });
      return { status: answer.status, text: answer.text };
    } catch (error) {
      // The engine closes without reading on; a client that still writes may see that first.
      return { status: 400, text: String(error) };
    } finally {
      if (id !== undefined) await arena.remove(id);
    }
  };

  test.each<[string, string | Buffer | undefined, Record<string, string>]>([
    ['no body', undefined, {}],
    ['no body of JSON', undefined, json],
    ['an empty body', '', json],
    ['an empty body in chunks', '', { ...json, 'Transfer-Encoding': 'chunked' }],
    ['null', 'null', json],
    ['null in chunks', 'null', { ...json, 'Transfer-Encoding': 'chunked' }],
    ['a form', 'Image=honest:1', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['text', '{"Image":"honest:1","Cmd":["true"]}', { 'Content-Type': 'text/plain' }],
    ['no type', '{"Image":"honest:1","Cmd":["true"]}', {}],
    ['gzip', gzipSync('{"Image":"honest:1","Cmd":["true"]}'), { ...json, 'Content-Encoding': 'gzip' }],
    ['UTF-16', Buffer.from('\ufeff{"Image":"honest:1"}', 'utf16le'), json],
    ['broken UTF-8', Buffer.from('7b22496d616765223a22ff22', 'hex'), json],
    ['a NUL', '{"Image":"honest:1\\u0000","Cmd":["tr\\u0000ue"]}', json],
    ['two documents', '{"Image":"none"}{"Image":"honest:1","Cmd":["true"]}', json],
    ['a comment', '{"Image":"honest:1"/* */}', json],
    ['NaN', '{"Image":"honest:1","HostConfig":{"Memory":NaN}}', json],
    ['a number that overflows', '{"Image":"honest:1","HostConfig":{"Memory":1e999}}', json],
    ['deep lists', `{"Cmd":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, json],
    ['deep objects', `${'{"HostConfig":'.repeat(100_000)}1${'}'.repeat(100_000)}`, json],
    ['many members', `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":1`).join()}}`, json],
    ['just too large', `{"a":"${'x'.repeat(BODY_MAX - 7)}"}`, json],
    ['a good deal too large', `{"a":"${'x'.repeat(3 * BODY_MAX)}"}`, json],
    ['too large in chunks', `{"a":"${'x'.repeat(2 * BODY_MAX)}"}`, { ...json, 'Transfer-Encoding': 'chunked' }],
  ])('%s is answered', async (_what, body, headers) => {
    const { status, text } = await send(body, headers);
    // An object without a name asks for an anonymous volume; members that it does not know change nothing.
    const fine = path === '/volumes/create' ? [201] : [];
    expect([400, 404, 409, 501, ...fine], `${status} ${text.slice(0, 300)}`).toContain(status);
    expect((await arena.engine.request('GET', '/containers/json?all=1')).json()).toEqual([]);
  });

  test('a body without end is given up', async () => {
    const socket = connect(target.socketPath);
    socket.on('error', () => undefined);
    socket.write(
      `${method} ${path.replace('NAME', 'nobody')} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const piece = `10000\r\n${' '.repeat(65536)}\r\n`;
    const before = memory();
    let sent = 0;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    while (!socket.destroyed && sent < 64 * 1024 * 1024) {
      sent += piece.length;
      await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
    }
    socket.end();
    await closed;
    expect(memory() - before).toBeLessThan(64 * 1024 * 1024);
    expect((await arena.engine.request('GET', '/_ping')).status).toBe(200);
  });
});

describe('one reading of each request', () => {
  const inspect = async (answer: { status: number; text: string }) => {
    expect(answer.status, answer.text).toBe(201);
    const { Id } = JSON.parse(answer.text) as { Id: string };
    const inspected = (await arena.engine.request('GET', `/containers/${Id}/json`)).json<{
      HostConfig: { Privileged: boolean };
    }>();
    const started = await arena.engine.request('POST', `/containers/${Id}/start`);
    expect(started.status, started.text).toBe(204);
    await arena.engine.request('POST', `/containers/${Id}/wait`);
    const output = (await arena.engine.request('GET', `/containers/${Id}/logs?stdout=1`)).text;
    await arena.remove(Id);
    return { said: inspected.HostConfig.Privileged, done: !/00000000a80425fb/.test(output) };
  };
  const Cmd = ['grep', 'CapEff', '/proc/self/status'];
  const create = (host: string, more = '') =>
    arena.engine.request('POST', '/containers/create', {
      body: `{"Image":"${HONEST}","Cmd":${JSON.stringify(Cmd)},"HostConfig":${host}${more}}`,
      headers: json,
    });

  test.each([
    ['{"Privileged":false,"Privileged":true}', ''],
    ['{"Privileged":true,"Privileged":false}', ''],
    ['{"privileged":true,"Privileged":false}', ''],
    ['{"Privileged":false,"PRIVILEGED":true}', ''],
    ['{"Priv\\u0069leged":true}', ''],
    ['{"Privileged":false}', ',"hostconfig":{"Privileged":true}'],
    ['{"Privileged":false}', ',"HostConfig":{"Privileged":true}'],
    ['{"__proto__":{"Privileged":true}}', ',"__proto__":{"HostConfig":{"Privileged":true}}'],
    ['{"constructor":{"prototype":{"Privileged":true}}}', ''],
  ])('%s%s: what inspect says is what was done', async (host, more) => {
    const { said, done } = await inspect(await create(host, more));
    expect(done).toBe(said);
  });

  test.each<[string, string]>([
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}'],
    ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks by another name', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['chunks twice', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a negative length', 'Content-Length: -1\r\n\r\n'],
    ['a length that is no number', 'Content-Length: 0x10\r\n\r\n'],
    ['a length with a plus', 'Content-Length: +2\r\n\r\n{}'],
    ['a header that goes on', 'X-A: b\r\n Content-Length: 40\r\n\r\n'],
    ['a space before the colon', 'Content-Length : 40\r\n\r\n'],
    ['bare line feeds', 'X: y\nContent-Length: 40\n\n{}'],
    ['headers without end', `${'X-A: b\r\n'.repeat(100_000)}\r\n`],
    ['one long header', `X-A: ${'b'.repeat(2_000_000)}\r\n\r\n`],
  ])('no second request hides in one with %s', async (_what, rest) => {
    const socket = connect(target.socketPath);
    let text = '';
    socket.on('data', (data) => (text += data.toString('latin1')));
    socket.on('error', () => undefined);
    const hidden =
      'POST /containers/create?name=smuggled HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r\n{"Image":"honest:1","Cmd":["true"]}';
    socket.end(`POST /containers/none/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${rest}${hidden}`);
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect(text).not.toMatch(/^HTTP\/1\.1 5/m);
    const made = await arena.engine.request('GET', '/containers/smuggled/json');
    expect(made.status).toBe(404);
  });
});

describe('streams without bounds', () => {
  const importOf = (body: Buffer) =>
    arena.engine.request('POST', '/images/create?fromSrc=-&repo=bomb', {
      body,
      headers: { 'Content-Type': 'application/x-tar' },
    });

  test('an archive that lies about its size is given up with bounded memory, and told so', async () => {
    const before = memory();
    const zeros = Buffer.alloc(64 * 1024 * 1024);
    for (const size of [2 ** 31, 2 ** 33, 2 ** 50]) {
      const head = archiveOf([{ name: 'zeros', type: 'file', size }]).subarray(0, size > 2 ** 33 ? 1536 : 512);
      const bomb = Buffer.concat([head, zeros]);
      for (const body of [bomb, gzipSync(bomb, { level: 1 }), zstdCompressSync(bomb)]) {
        for (const answer of [await importOf(body), await arena.loadArchive(body)]) {
          expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/invalid/)]);
        }
      }
    }
    expect(memory() - before).toBeLessThan(300 * 1024 * 1024);
    expect((await arena.engine.request('GET', '/images/json')).json<unknown[]>()).toHaveLength(1);
  });

  test('an upload that stops half way leaves nothing when its client goes', async () => {
    for (const path of ['/images/load', '/images/create?fromSrc=-&repo=half']) {
      const abort = new AbortController();
      const half = archiveOf([{ name: 'a', type: 'file', content: 'x'.repeat(100_000) }]).subarray(0, 50_000);
      const sent = open(target, 'POST', path, {
        body: half,
        headers: { 'Content-Length': '1000000' },
        signal: abort.signal,
      });
      const gone = sent.catch((error: Error) => error.name);
      setTimeout(() => abort.abort(), 200);
      await gone;
      await expect
        .poll(async () => (await arena.engine.request('GET', '/images/json')).json<unknown[]>().length)
        .toBe(1);
    }
  });

  test.each([
    ['-1', [400]],
    ['9223372036854775808', [400]],
    ['1e9', [400]],
    ['99999999999999999999', [400]],
    ['0', [200]],
  ])('a limit of %s', async (limit, statuses) => {
    const listed = await arena.engine.request('GET', `/containers/json?limit=${limit}`);
    expect([200, 400]).toContain(listed.status);
    expect(statuses.includes(listed.status) || listed.text === '[]\n', listed.text).toBe(true);
    const id = await arena.up({ Cmd: ['sh', '-c', 'echo line; sleep 1000'] });
    const logs = await arena.engine.request('GET', `/containers/${id}/logs?stdout=1&tail=${limit}`);
    expect([200, 400], logs.text).toContain(logs.status);
    await arena.remove(id);
  });

  test('a file of the host is not read by an address of another kind', async () => {
    expect(existsSync('/etc/passwd') && createReadStream('/etc/passwd').close()).toBeUndefined();
    for (const source of [
      'file:///etc/passwd',
      '/etc/passwd',
      'ftp://127.0.0.1/x',
      'unix:///etc/passwd',
      'data:,x',
      'http://',
    ]) {
      const answer = await arena.engine.request('POST', `/images/create?fromSrc=${encodeURIComponent(source)}&repo=x`);
      expect([400, 503], answer.text).toContain(answer.status);
      expect(answer.text).not.toContain('root:');
    }
  });
});
