import { once } from 'node:events';
import net from 'node:net';
import { Readable } from 'node:stream';
import { BerthError } from '@berth/kit';
import { afterEach, expect, test } from 'vitest';
import { open } from '../../support/request.ts';
import { type FakeEngine, type FakeServices, startFakeEngine } from './fake-engine.ts';

let engine: FakeEngine;
const start = async (services: FakeServices) => {
  engine = await startFakeEngine(services);
};
afterEach(() => engine.close());

function deferred<Value = void>() {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test('wait sends its head at once and the exit when it comes', async () => {
  const exit = deferred<{ StatusCode: number }>();
  await start({ containers: { wait: async () => ({ exited: exit.promise }) } });
  const response = await open(engine.target, 'POST', '/containers/x/wait?condition=next-exit');
  expect(response.statusCode).toBe(200);
  exit.resolve({ StatusCode: 3 });
  expect(JSON.parse((await response.toArray()).join(''))).toEqual({ StatusCode: 3 });
});

test('a wait that is given up is told so', async () => {
  const gone = deferred();
  await start({
    containers: {
      wait: async (_name, _condition, signal) => {
        signal.addEventListener('abort', () => gone.resolve());
        return { exited: new Promise(() => {}) };
      },
    },
  });
  const response = await open(engine.target, 'POST', '/containers/x/wait');
  response.destroy();
  await gone.promise;
});

test('a wait with an unknown condition is refused', async () => {
  await start({ containers: { wait: async () => ({ exited: Promise.resolve({ StatusCode: 0 }) }) } });
  expect((await engine.request('POST', '/containers/x/wait?condition=never')).json()).toMatchObject({
    message: expect.stringMatching(/^invalid condition: "never"/),
  });
});

test('logs come with the pace of the reader and end when it goes away', async () => {
  let produced = 0;
  const stream = new Readable({
    read() {
      produced += 65536;
      this.push(Buffer.alloc(65536));
    },
  });
  await start({ containers: { logs: async () => ({ tty: false, stream }) } });
  const response = await open(engine.target, 'GET', '/v1.42/containers/x/logs?stdout=1&follow=1');
  expect(response.headers['content-type']).toBe('application/vnd.docker.multiplexed-stream');
  await once(response, 'readable');
  // Nobody reads on: what is produced is bounded by the buffers of both ends.
  let before = -1;
  while (before !== produced) {
    before = produced;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(produced).toBeLessThan(4 * 1024 * 1024);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  response.destroy();
  await closed;
});

test('silent logs end too when their reader goes away', async () => {
  const stream = new Readable({ read() {} });
  await start({ containers: { logs: async () => ({ tty: true, stream }) } });
  const response = await open(engine.target, 'GET', '/containers/x/logs?stdout=1&follow=1');
  expect(response.headers['content-type']).toBe('application/vnd.docker.raw-stream');
  const closed = new Promise((resolve) => stream.once('close', resolve));
  response.destroy();
  await closed;
});

test('logs of no stream are refused', async () => {
  await start({ containers: {} });
  expect((await engine.request('GET', '/containers/x/logs')).json()).toEqual({
    message: 'Bad parameters: you must choose at least one stream',
  });
});

test('progress comes line by line; a failure after the first is a message', async () => {
  const next = deferred();
  await start({
    transfers: {
      pull: async (_reference, { onProgress }) => {
        onProgress({ status: 'Pulling' });
        await next.promise;
        throw new BerthError('unavailable', 'the registry is gone', { hint: 'Try again.' });
      },
    },
  });
  const response = await open(engine.target, 'POST', '/images/create?fromImage=a&tag=b');
  const [first] = (await once(response, 'data')) as [Buffer];
  expect(first.toString()).toBe('{"status":"Pulling"}\r\n');
  next.resolve();
  const text = 'the registry is gone\nTry again.';
  expect(JSON.parse((await response.toArray()).join(''))).toEqual({ errorDetail: { message: text }, error: text });
});

test('a failure before the first message is an ordinary error', async () => {
  await start({
    transfers: {
      pull: async () => {
        throw new BerthError('not-found', 'no such thing');
      },
    },
  });
  const answer = await engine.request('POST', '/images/create?fromImage=a');
  expect([answer.status, answer.json()]).toEqual([404, { message: 'no such thing' }]);
  expect((await engine.request('POST', '/images/create?fromImage=A%3A%3AB')).status).toBe(400);
});

test('a pull is told when its client goes away', async () => {
  const gone = deferred();
  await start({
    transfers: {
      pull: async (_reference, { onProgress, signal }) => {
        onProgress({ status: 'Pulling' });
        signal.addEventListener('abort', () => gone.resolve());
        await gone.promise;
      },
    },
  });
  const response = await open(engine.target, 'POST', '/images/create?fromImage=a');
  response.destroy();
  await gone.promise;
});

test('a slow reader of progress loses counters, not messages', async () => {
  const written = deferred();
  await start({
    transfers: {
      pull: async (_reference, { onProgress }) => {
        for (let current = 0; current < 100_000; current++) {
          onProgress({ id: 'layer', status: 'Downloading', progressDetail: { current, total: 100_000 } });
        }
        for (let line = 0; line < 100; line++) onProgress({ id: 'layer', status: `line ${line}` });
        written.resolve();
      },
    },
  });
  const response = await open(engine.target, 'POST', '/images/create?fromImage=a');
  await written.promise;
  const lines = (await response.toArray()).join('').trim().split('\r\n');
  expect(lines.filter((line) => line.includes('"line '))).toHaveLength(100);
  expect(lines.length).toBeLessThan(10_000);
});

test('an archive that breaks off is not taken for whole', async () => {
  const stream = new Readable({ read() {} });
  await start({ images: { save: async () => stream } });
  const response = await open(engine.target, 'GET', '/images/get?names=a&names=b');
  expect(response.headers['content-type']).toBe('application/x-tar');
  stream.push('half');
  await once(response, 'readable');
  stream.destroy(new Error('disk'));
  await expect(response.toArray()).rejects.toThrow();
});

test('a client that only closes its writing side still gets short answers', async () => {
  await start({ system: { version: () => ({ Version: 'x' }) } });
  const socket = net.connect({ path: engine.socket, allowHalfOpen: true });
  socket.end('GET /version HTTP/1.1\r\nHost: docker\r\n\r\n');
  expect((await socket.toArray()).join('')).toMatch(/^HTTP\/1\.1 200 OK.*"Version":"x"/s);
});

test('closing ends streams without waiting for them', async () => {
  const stream = new Readable({ read() {} });
  await start({ containers: { logs: async () => ({ tty: true, stream }) } });
  const response = await open(engine.target, 'GET', '/containers/x/logs?stdout=1&follow=1');
  response.on('error', () => {}); // cut off, as it must be
  const begun = performance.now();
  await engine.close();
  expect(performance.now() - begun).toBeLessThan(1000);
  expect(stream.destroyed).toBe(true);
});

test('closing does not wait for connections that are idle', async () => {
  await start({ system: { version: () => ({}) } });
  const socket = net.connect(engine.socket);
  socket.write('GET /version HTTP/1.1\r\nHost: docker\r\n\r\n');
  await once(socket, 'data');
  const begun = performance.now();
  await Promise.all([engine.close(), once(socket, 'close')]);
  expect(performance.now() - begun).toBeLessThan(1000);
});

test('an upload that breaks off is no defect of ours', async () => {
  const begun = deferred();
  const failed = deferred();
  await start({
    images: {
      load: async (archive) => {
        begun.resolve();
        try {
          for await (const _ of archive);
        } catch (error) {
          failed.resolve();
          throw error;
        }
        return [];
      },
    },
  });
  const socket = net.connect(engine.socket);
  socket.write(
    'POST /images/load HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nContent-Length: 1000\r\n\r\nhalf',
  );
  await begun.promise;
  socket.destroy();
  await failed.promise;
  await engine.close();
  expect(engine.logged).toEqual([]);
});
