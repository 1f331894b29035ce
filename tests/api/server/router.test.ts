import { BerthError } from '@berth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeEngine, startFakeEngine } from './fake-engine.ts';

let engine: FakeEngine;
const asked: unknown[] = [];

beforeAll(async () => {
  engine = await startFakeEngine({
    containers: {
      inspect: async (name) => ({ Id: name }),
      list: async (options) => {
        asked.push(options);
        return [];
      },
      create: async (body, options) => {
        asked.push({ body, options });
        return { Id: 'c', Warnings: [] };
      },
      start: async (name) => {
        if (name === 'running') throw new BerthError('not-modified', 'already started');
      },
      kill: async () => {
        throw new BerthError('conflict', 'Cannot kill container: x: container x is not running', { hint: 'Start it.' });
      },
      pause: async () => {
        throw new TypeError('a defect');
      },
    },
    images: {
      inspect: (name) => ({ Id: name, Size: 7 }) as never,
      history: (name) => [{ Id: name }] as never,
    },
    networks: { list: () => [] },
    system: { version: () => ({ Version: '9.9.9' }) },
  });
});
afterAll(() => engine.close());

describe('versions', () => {
  test.each(['/version', '/v1.24/version', '/v1.50/version', '/v1.41/version'])('%s is served', async (path) => {
    const answer = await engine.request('GET', path);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'api-version': '1.50',
      'docker-experimental': 'false',
      ostype: 'linux',
      server: 'Berth/9.9.9 (linux)',
      'content-type': 'application/json',
    });
  });

  test.each([
    ['/v1.51/version', 'client version 1.51 is too new. Maximum supported API version is 1.50'],
    [
      '/v1.23/version',
      'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    ],
  ])('%s is refused', async (path, message) => {
    const answer = await engine.request('GET', path);
    expect([answer.status, answer.json()]).toEqual([400, { message }]);
    expect(answer.headers['api-version']).toBe('1.50');
  });

  test('a version alone is no page', async () => {
    expect((await engine.request('GET', '/v1.50')).status).toBe(404);
  });
});

describe('routes', () => {
  test.each([
    ['GET', '/nothing'],
    ['GET', '/v1.50/nothing/x'],
    ['PUT', '/version'],
    ['GET', '/containers/create'],
    ['GET', '/'],
  ])('%s %s is unknown', async (method, path) => {
    const answer = await engine.request(method, path);
    expect([answer.status, answer.json()]).toEqual([404, { message: 'page not found' }]);
    expect(answer.headers['api-version']).toBeUndefined();
  });

  test('names may hold slashes, raw or escaped', async () => {
    expect((await engine.request('GET', '/images/localhost:5000/a/b:c/json')).json()).toEqual({
      Id: 'localhost:5000/a/b:c',
      Size: 7,
    });
    expect((await engine.request('GET', '/images/a%2Fb/history')).json()).toEqual([{ Id: 'a/b' }]);
    expect((await engine.request('GET', '/containers//name/json')).json()).toEqual({ Id: '/name' });
  });

  test('a broken escape is an invalid request', async () => {
    const answer = await engine.request('GET', '/containers/%zz/json');
    expect([answer.status, answer.json<{ message: string }>().message]).toEqual([
      400,
      'invalid URL escape in "/containers/%zz/json"',
    ]);
  });

  test('older clients see the virtual size of an image', async () => {
    const seen = (await engine.request('GET', '/v1.43/images/x/json')).json();
    expect(seen).toMatchObject({ Id: 'x', Size: 7, VirtualSize: 7, Container: '', ContainerConfig: { Tty: false } });
    expect((await engine.request('GET', '/v1.45/images/x/json')).json()).toEqual({ Id: 'x', Size: 7 });
  });

  test('OPTIONS is answered everywhere', async () => {
    expect((await engine.request('OPTIONS', '/anything')).status).toBe(200);
  });

  test('a trailing slash on the list of networks', async () => {
    expect((await engine.request('GET', '/networks/')).json()).toEqual([]);
  });

  test('ping tells what a client negotiates from', async () => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await engine.request(method, '/_ping');
      expect([answer.status, answer.text]).toEqual([200, method === 'GET' ? 'OK' : '']);
      expect(answer.headers).toMatchObject({
        'api-version': '1.50',
        'builder-version': '1',
        swarm: 'inactive',
        ostype: 'linux',
      });
    }
  });
});

describe('queries', () => {
  test('are read as Docker reads them', async () => {
    asked.length = 0;
    const filters = encodeURIComponent('{"label":{"a=b":true}}');
    await engine.request('GET', `/containers/json?all=True&size=0&limit=3&filters=${filters}&before=x`);
    expect(asked).toEqual([{ all: true, size: false, limit: 3, filters: { label: ['a=b'], before: ['x'] } }]);
  });

  test.each([
    ['limit=x', 'invalid value for parameter limit: "x" is not an integer'],
    ['filters=%7B', 'invalid filter'],
  ])('%s is refused', async (query, message) => {
    const answer = await engine.request('GET', `/containers/json?${query}`);
    expect([answer.status, answer.json()]).toEqual([400, { message }]);
  });
});

describe('bodies', () => {
  const create = (body: string | undefined, headers: Record<string, string> = { 'Content-Type': 'application/json' }) =>
    engine.request('POST', '/containers/create?name=n', { ...(body === undefined ? {} : { body }), headers });

  test('a body reaches the verb as it came', async () => {
    asked.length = 0;
    expect((await create('{"Image":"x","Unknown":[1]}')).status).toBe(201);
    expect(asked).toEqual([
      { body: { Image: 'x', Unknown: [1] }, options: expect.objectContaining({ name: 'n', platform: undefined }) },
    ]);
  });

  test.each([
    ['', {}, 'config cannot be empty in order to create a container'],
    ['null', undefined, 'config cannot be empty in order to create a container'],
    [
      '{}',
      { 'Content-Type': 'text/plain' },
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    ],
    ['{}', {}, 'malformed Content-Type header (): mime: no media type'],
    ['{"a":', undefined, 'invalid JSON: unexpected EOF'],
    ['{"a":"b', undefined, 'invalid JSON: unexpected EOF'],
    ['   ', undefined, 'invalid JSON: got EOF while reading request body'],
    ['{} {}', undefined, 'unexpected content after JSON'],
    ['[]', undefined, 'invalid JSON: expected an object, got an array'],
    ['1', undefined, 'invalid JSON: expected an object, got a number'],
  ])('%j with %o is refused', async (body, headers, message) => {
    const answer = await create(body, headers);
    expect([answer.status, answer.json()]).toEqual([400, { message }]);
  });

  test('what is larger than the bound is refused, whether its size is told or not', async () => {
    const body = `{"a":"${'x'.repeat(5 * 1024 * 1024)}"}`;
    const variants: Record<string, string>[] = [{}, { 'Transfer-Encoding': 'chunked' }];
    for (const headers of variants) {
      const answer = await create(body, { 'Content-Type': 'application/json', ...headers }).catch(
        (error: NodeJS.ErrnoException) => error,
      );
      // The engine closes without reading on: a client that still writes sees that first.
      if (answer instanceof Error) expect(['EPIPE', 'ECONNRESET']).toContain((answer as NodeJS.ErrnoException).code);
      else expect(answer.json()).toEqual({ message: 'request body too large: at most 4194304 bytes are read' });
    }
    expect((await engine.request('GET', '/version')).status).toBe(200);
  });

  test('deep nesting and a member that would be a prototype do no harm', async () => {
    asked.length = 0;
    expect((await create(`{"Labels":${'['.repeat(5000)}${']'.repeat(5000)}}`)).status).toBe(201);
    await create('{"Labels":{"__proto__":{"x":1},"\\u005f_proto__":{"y":1}}}');
    const { body } = asked[1] as { body: { Labels: object } };
    expect(Reflect.ownKeys(body.Labels)).toEqual([]);
  });
});

describe('errors', () => {
  test('carry the status of their class and Docker’s shape, with the hint below', async () => {
    const answer = await engine.request('POST', '/containers/x/kill');
    expect([answer.status, answer.headers['content-type']]).toEqual([409, 'application/json']);
    expect(answer.json()).toEqual({ message: 'Cannot kill container: x: container x is not running\nStart it.' });
  });

  test('nothing to do is 304 without a body', async () => {
    const answer = await engine.request('POST', '/containers/running/start');
    expect([answer.status, answer.text]).toEqual([304, '']);
    expect((await engine.request('POST', '/containers/other/start')).status).toBe(204);
  });

  test('a defect of ours is 500 and is logged with its stack', async () => {
    engine.logged.length = 0;
    const answer = await engine.request('POST', '/containers/x/pause');
    expect([answer.status, answer.json()]).toEqual([500, { message: 'a defect' }]);
    expect(engine.logged.join('')).toMatch(/TypeError: a defect.*router\.test\.ts/);
  });

  test('a start with a HostConfig, as clients sent long ago, is refused', async () => {
    const answer = await engine.request('POST', '/containers/other/start', { body: { Binds: [] } });
    expect(answer.status).toBe(400);
    expect((await engine.request('POST', '/containers/other/start', { body: {} })).status).toBe(204);
  });
});

describe('what is not there', () => {
  test.each([
    ['GET', '/swarm', 503, /^This node is not a swarm manager/],
    ['POST', '/swarm/leave', 503, /^This node is not part of a swarm$/],
    ['GET', '/plugins/x/json', 404, /^plugin "x" not found$/],
    ['DELETE', '/containers/x/checkpoints/y', 501, /checkpoints are not supported by Berth: they need CRIU/],
  ])('%s %s says so', async (method, path, status, message) => {
    const answer = await engine.request(method, path);
    expect(answer.status).toBe(status);
    expect(answer.json<{ message: string }>().message).toMatch(message);
  });

  test('lists of nothing are lists', async () => {
    expect((await engine.request('GET', '/plugins')).json()).toEqual([]);
    expect((await engine.request('POST', '/build/prune?filters={"x":["1"]}')).json()).toEqual({
      message: "failed to prune build cache: Invalid filter 'x'",
    });
  });
});
