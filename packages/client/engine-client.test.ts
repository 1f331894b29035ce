import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { isBerthError } from '@berth/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeEngine, startFakeEngine } from '../../tests/support/fake-engine.ts';
import { EngineClient } from './engine-client.ts';
import { jsonLines } from './json-lines.ts';

let engine: FakeEngine;
beforeEach(async () => {
  engine = await startFakeEngine();
});
afterEach(() => engine[Symbol.asyncDispose]());

const failure = async (call: Promise<unknown>): Promise<Error> => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('the call did not fail');
  return error;
};

describe('calls', () => {
  it('put versions, queries and bodies together', async () => {
    engine.routes['POST /x'] = { json: { ok: true } };
    const client = new EngineClient({ host: engine.host, headers: { 'X-Own': '1' } });
    const query = { a: true, b: false, c: undefined, d: '', e: 0, f: ['1', '2'], g: { k: ['v w'] } };
    expect(await client.json('POST', '/x', { query, json: { body: 1 } })).toEqual({ ok: true });
    expect(engine.seen[0]).toMatchObject({
      query: { a: '1', e: '0', f: '2', g: '{"k":["v w"]}' },
      headers: { 'x-own': '1', 'content-type': 'application/json' },
    });
    expect(engine.seen[0]?.body.toString()).toBe('{"body":1}');
  });

  it('turn answers of 400 and above into errors of their class', async () => {
    engine.routes['GET /gone'] = { status: 404, json: { message: 'No such container: gone' } };
    engine.routes['GET /text'] = { status: 500, text: 'plain words' };
    engine.routes['GET /empty'] = { status: 502, text: '' };
    const client = new EngineClient({ host: engine.host });
    const gone = await failure(client.json('GET', '/gone'));
    expect(gone.message).toBe('Error response from daemon: No such container: gone');
    expect(isBerthError(gone, 'not-found')).toBe(true);
    expect((await failure(client.json('GET', '/text'))).message).toBe('Error response from daemon: plain words');
    expect((await failure(client.json('GET', '/empty'))).message).toContain('status 502');
  });

  it('step down to an older engine, also when several calls run at once', async () => {
    const calls: string[] = [];
    engine.routes['GET /x'] = (request, response) => {
      calls.push(request.url ?? '');
      const old = (request.url ?? '').startsWith('/v1.41/');
      const message = 'client version 1.50 is too new. Maximum supported API version is 1.41';
      response.writeHead(old ? 200 : 400, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(old ? { fine: true } : { message }));
    };
    const client = new EngineClient({ host: engine.host });
    const answers = await Promise.all([1, 2, 3].map(() => client.json('GET', '/x')));
    expect(answers).toEqual([{ fine: true }, { fine: true }, { fine: true }]);
    expect(client.apiVersion).toBe('1.41');
    calls.length = 0;
    await client.json('GET', '/x');
    expect(calls).toEqual(['/v1.41/x']);
  });

  it('do not step down from a version that the user fixed', async () => {
    const message = 'client version 1.45 is too new. Maximum supported API version is 1.41';
    engine.routes['GET /x'] = { status: 400, json: { message } };
    const client = new EngineClient({ host: engine.host, apiVersion: '1.45' });
    expect((await failure(client.json('GET', '/x'))).message).toContain('is too new');
  });

  it('send a stream as body', async () => {
    engine.routes['POST /load'] = { json: {} };
    const body = (async function* () {
      for (let i = 0; i < 5; i++) yield new Uint8Array(100_000).fill(i);
    })();
    await new EngineClient({ host: engine.host }).done('POST', '/load', { body });
    expect(engine.seen.find((request) => request.path === '/load')?.body.length).toBe(500_000);
  });

  it('read lines of JSON as they come, however they are cut', async () => {
    engine.routes['GET /lines'] = async (_request, response) => {
      for (const part of ['{"a":', '1}\n{"a":2}\r\n\n', '{"a":"ü', '"}']) {
        response.write(part);
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    };
    const client = new EngineClient({ host: engine.host });
    const seen: unknown[] = [];
    for await (const line of jsonLines(await client.stream('GET', '/lines'))) seen.push(line);
    expect(seen).toEqual([{ a: 1 }, { a: 2 }, { a: 'ü' }]);
  });
});

describe('when nothing listens', () => {
  it("says so in Docker's words", async () => {
    const client = new EngineClient({ host: 'unix:///nowhere/x.sock' });
    const error = await failure(client.json('GET', '/x'));
    expect(error.message).toBe(
      'Cannot connect to the Docker daemon at unix:///nowhere/x.sock. Is the docker daemon running?',
    );
    expect(isBerthError(error, 'unavailable')).toBe(true);
  });

  it('asks once for help and tries again', async () => {
    engine.routes['GET /x'] = { json: 1 };
    let asked = 0;
    const client = new EngineClient({
      host: `unix://${engine.folder}/late.sock`,
      onUnreachable: async () => {
        asked++;
        const { symlinkSync } = await import('node:fs');
        symlinkSync(`${engine.folder}/e.sock`, `${engine.folder}/late.sock`);
        return true;
      },
    });
    expect(await client.json('GET', '/x')).toBe(1);
    expect(await client.json('GET', '/x')).toBe(1);
    expect(asked).toBe(1);
  });

  it('gives up when the help did not help', async () => {
    const client = new EngineClient({ host: 'unix:///nowhere/x.sock', onUnreachable: async () => true });
    await failure(client.json('GET', '/x'));
  });
});

describe('taking over the connection', () => {
  /** A server that answers every connection by `answer` and then echoes until the half-close, which it confirms. */
  async function echoServer(answer: string) {
    const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
      let head = '';
      let echoing = false;
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        if (echoing) return void socket.write(data);
        head += data.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        echoing = true;
        socket.write(answer);
      });
      socket.on('end', () => socket.end('<end>'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { host: `tcp://127.0.0.1:${port}`, close: () => server.close() };
  }

  it('passes bytes both ways and closes one side alone', async () => {
    const server = await echoServer(
      'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/x\r\nConnection: Upgrade\r\n\r\nfirst ',
    );
    const stream = await new EngineClient({ host: server.host }).hijack('POST', '/attach');
    const data = Buffer.alloc(3_000_000, 'x');
    const seen: Buffer[] = [];
    const received = stream.receive((chunk) => void seen.push(Buffer.from(chunk)));
    await stream.send(data);
    stream.closeWrite();
    await received;
    server.close();
    expect(stream.mediaType).toBe('application/x');
    expect(Buffer.concat(seen).equals(Buffer.concat([Buffer.from('first '), data, Buffer.from('<end>')]))).toBe(true);
  });

  it('slows the sender down to the pace of the reader', async () => {
    const server = await echoServer('HTTP/1.1 200 OK\r\n\r\n');
    const stream = await new EngineClient({ host: server.host }).hijack('POST', '/attach');
    let [busy, most, total] = [0, 0, 0];
    const received = stream.receive(async (chunk) => {
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setImmediate(resolve));
      total += chunk.length;
      busy--;
    });
    await stream.send(Buffer.alloc(1_000_000));
    stream.closeWrite();
    await received;
    server.close();
    expect([most, total]).toEqual([1, 1_000_005]);
  });

  it.each([
    ['by length', 'HTTP/1.1 404 Not Found\r\nContent-Length: 21\r\n\r\n{"message":"no such"}'],
    [
      'in chunks',
      'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n{"message":"no such"}\r\n0\r\n\r\n',
    ],
  ])('turns a refusal into its error: %s', async (_name, answer) => {
    const server = await echoServer(answer);
    const error = await failure(new EngineClient({ host: server.host }).hijack('POST', '/attach'));
    server.close();
    expect(error.message).toBe('Error response from daemon: no such');
    expect(isBerthError(error, 'not-found')).toBe(true);
  });
});

describe('an engine that goes away in the middle', () => {
  it.each(['stream', 'json'] as const)('is said in one sentence: %s', async (way) => {
    engine.routes['GET /x'] = (_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('{"a":');
      setImmediate(() => response.destroy());
    };
    const client = new EngineClient({ host: engine.host });
    const read = async () => {
      if (way === 'json') return client.json('GET', '/x');
      for await (const chunk of (await client.stream('GET', '/x')).body) expect(chunk.length).toBeGreaterThan(0);
    };
    expect((await failure(read())).message).toBe('unexpected EOF: the engine went away');
  });
});
