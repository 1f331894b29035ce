import { createTransport, type Transport } from '@berth/oci';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, fail, startFakeRegistry } from '../../../tests/support/registry-fake.ts';
import { checkAuth, decodeRegistryAuth, domainOf } from './registry-auth.ts';
import { search } from './search.ts';

const encode = (value: unknown, alphabet: 'base64' | 'base64url' = 'base64url') =>
  Buffer.from(JSON.stringify(value)).toString(alphabet);
const signal = new AbortController().signal;

describe('X-Registry-Auth', () => {
  it('is read in every spelling that clients use', () => {
    const auth = { username: 'a', password: 'ü?>', serveraddress: 'https://index.docker.io/v1/', email: 'x' };
    const wanted = { username: 'a', password: 'ü?>', serverAddress: 'https://index.docker.io/v1/' };
    expect(decodeRegistryAuth(encode(auth))).toEqual(wanted);
    expect(decodeRegistryAuth(encode(auth, 'base64'))).toEqual(wanted);
    expect(decodeRegistryAuth(encode({ Username: 'a', IdentityToken: 't', RegistryToken: 'r' }))).toEqual({
      username: 'a',
      identityToken: 't',
      registryToken: 'r',
    });
    for (const nothing of [undefined, '', encode({}), encode(null), 'e30='])
      expect(decodeRegistryAuth(nothing)).toEqual({});
  });

  it.each([
    ['no base64', '{"username":"a"}'],
    ['no JSON', Buffer.from('hello').toString('base64url')],
    ['no object', encode([1])],
    ['a member of another type', encode({ username: 1 })],
    ['a token that breaks the header', encode({ registrytoken: 'a\r\nHost: evil' })],
    ['too much', 'A'.repeat(65 * 1024)],
  ])('that is %s is invalid', (_what, header) => {
    expect(() => decodeRegistryAuth(header)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('names registries in many ways', () => {
    for (const hub of [undefined, '', 'https://index.docker.io/v1/', 'docker.io', 'https://registry-1.docker.io']) {
      expect(domainOf(hub)).toBe('docker.io');
    }
    expect(domainOf('localhost:5000')).toBe('localhost:5000');
    expect(domainOf('https://Reg.Example/v2/')).toBe('reg.example');
    for (const bad of ['a b', 'user@host']) expect(() => domainOf(bad), bad).toThrow(/invalid registry address/);
  });
});

describe('login', () => {
  let registry: FakeRegistry;
  let transport: Transport;
  beforeEach(async () => {
    registry = await startFakeRegistry();
    transport = createTransport({ env: {} });
  });
  afterEach(async () => {
    transport.close();
    await registry.close();
  });
  const login = (password: string) =>
    checkAuth(transport, [], { username: 'a', password, serverAddress: registry.domain }, signal);
  const good = `Basic ${Buffer.from('a:good').toString('base64')}`;

  it('by Basic', async () => {
    registry.intercept = (request, response) => {
      if (request.headers.authorization === good) return false;
      fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="x"' });
      return true;
    };
    expect(await login('good')).toEqual({ Status: 'Login Succeeded', IdentityToken: '' });
    await expect(login('bad')).rejects.toMatchObject({
      code: 'unauthorized',
      message: `login attempt to ${registry.origin}/v2/ failed with status: 401 Unauthorized`,
    });
  });

  it('by token, and gives the refresh token as identity token', async () => {
    registry.intercept = (request, response) => {
      if (request.url?.startsWith('/token')) {
        if (request.headers.authorization !== good)
          fail(response, 401, 'UNAUTHORIZED', 'incorrect username or password');
        else response.end(JSON.stringify({ access_token: 'yes', refresh_token: 'again' }));
        return true;
      }
      if (request.headers.authorization === 'Bearer yes') return false;
      fail(response, 401, 'UNAUTHORIZED', '', {
        'www-authenticate': `Bearer realm="${registry.origin}/token",service="s"`,
      });
      return true;
    };
    expect(await login('good')).toEqual({ Status: 'Login Succeeded', IdentityToken: 'again' });
    const asked = new URL(registry.seen.find(({ url }) => url.startsWith('/token'))!.url, registry.origin);
    expect(asked.searchParams.get('offline_token')).toBe('true');
    await expect(login('bad')).rejects.toMatchObject({
      code: 'unauthorized',
      message: 'unauthorized: incorrect username or password',
    });
  });
});

describe('search', () => {
  const results = [
    { name: 'alpine', star_count: 100, is_official: true, is_automated: false, description: 'small' },
    { name: 'x/alpine', star_count: 3, is_official: false, is_automated: false, description: '' },
  ];
  const answering = (asked: string[]): Transport => ({
    send: async ({ url }) => {
      asked.push(url.href);
      const { Readable } = await import('node:stream');
      return {
        status: 200,
        statusText: '200 OK',
        headers: {},
        url,
        body: Readable.from([Buffer.from(JSON.stringify({ results }))]),
      };
    },
    close: () => {},
  });

  it('asks the hub’s index or the named one, and filters', async () => {
    const asked: string[] = [];
    expect(await search(answering(asked), 'alpine', { limit: 0, filters: {} }, signal)).toEqual(results);
    expect(await search(answering(asked), 'reg.example/library/x y', { limit: 1, filters: {} }, signal)).toHaveLength(
      1,
    );
    const official = await search(
      answering(asked),
      'alpine',
      { limit: 9, filters: { 'is-official': ['false'] } },
      signal,
    );
    expect(official.map(({ name }) => name)).toEqual(['x/alpine']);
    const starred = await search(answering(asked), 'alpine', { limit: 9, filters: { stars: ['50'] } }, signal);
    expect(starred.map(({ name }) => name)).toEqual(['alpine']);
    expect(asked.slice(0, 2)).toEqual([
      'https://index.docker.io/v1/search?q=alpine&n=25',
      'https://reg.example/v1/search?q=x+y&n=1',
    ]);
  });

  it('asks a registry of this machine without TLS, with name and password, and says what it answers', async () => {
    await using own = await startFakeRegistry();
    const transport = createTransport({ env: {} });
    own.intercept = (request, response) => {
      if (!request.url?.startsWith('/v1/search')) return false;
      response.end(JSON.stringify({ results }));
      return true;
    };
    const auth = { username: 'alice', password: 'secret' };
    const ask = () => search(transport, `${own.domain}/x`, { limit: 5, filters: {}, auth }, signal);
    expect(await ask()).toEqual(results);
    expect(own.seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/v1/search?q=x&n=5', `Basic ${Buffer.from('alice:secret').toString('base64')}`],
    ]);
    own.intercept = undefined;
    await expect(ask()).rejects.toThrow(`Unexpected status code 404 Not Found from ${own.domain}`);
    await own.close();
    await expect(ask()).rejects.toThrow(/connection refused/);
    transport.close();
  });

  it('refuses what it does not know', async () => {
    const ask = (limit: number, filters: Record<string, string[]>) =>
      search(answering([]), 'x', { limit, filters }, signal);
    await expect(ask(101, {})).rejects.toThrow('limit 101 is outside the range of [1, 100]');
    await expect(ask(1, { color: ['red'] })).rejects.toThrow("invalid filter 'color'");
    await expect(ask(1, { stars: ['many'] })).rejects.toThrow("invalid filter 'stars=many'");
  });
});
