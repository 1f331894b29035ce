import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type FakeRegistry,
  fail,
  type SeenRequest,
  startCollector,
  startFakeRegistry,
} from '../../../tests/support/registry-fake.ts';
import { digestOf } from '../digest.ts';
import { OCI } from '../media-types.ts';
import { readBlob } from './blobs.ts';
import { resolveLocation } from './location.ts';
import { fetchManifest, resolveManifest } from './manifests.ts';
import { checkRealm } from './realm.ts';
import { createSession } from './session.ts';
import { listTags } from './tags.ts';
import type { Credentials } from './token.ts';
import { createTransport, type Transport } from './transport.ts';
import { uploadBlob } from './uploads.ts';

const SECRET = 'hunter2-secret';
const CREDENTIALS: Credentials = { username: 'alice', password: SECRET };

let registry: FakeRegistry;
let collector: Awaited<ReturnType<typeof startCollector>>;
let transport: Transport;
beforeEach(async () => {
  registry = await startFakeRegistry();
  collector = await startCollector();
  transport = createTransport({ env: {} });
});
afterEach(async () => {
  transport.close();
  await registry.close();
  await collector.close();
});

const session = (credentials: Credentials = CREDENTIALS) =>
  createSession({ domain: registry.domain, transport, credentials });

/** Everything that would let someone act as the user. */
function secretsIn(seen: SeenRequest[]): string[] {
  const basic = Buffer.from(`alice:${SECRET}`).toString('base64');
  return seen
    .map((request) => JSON.stringify(request))
    .filter((text) => [SECRET, basic, 'refresh-secret', 'token-secret'].some((secret) => text.includes(secret)));
}

/** Wants Basic for everything. */
function wantBasic(next?: FakeRegistry['intercept']) {
  registry.intercept = (request, response, seen) => {
    if (request.headers.authorization === undefined) {
      fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="x"' });
      return true;
    }
    return next?.(request, response, seen) ?? false;
  };
}

/** Wants a token from `realm` for everything. */
function wantBearer(realm: string, next?: FakeRegistry['intercept']) {
  registry.intercept = (request, response, seen) => {
    const url = new URL(request.url ?? '/', registry.origin);
    if (url.pathname === '/token') {
      response.end(JSON.stringify({ token: 'token-secret', expires_in: 300 }));
      return true;
    }
    if (request.headers.authorization !== 'Bearer token-secret') {
      const challenge = `Bearer realm="${realm}",service="the service",scope="repository:other:push"`;
      fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge });
      return true;
    }
    return next?.(request, response, seen) ?? false;
  };
}

describe('credentials reach the registry', () => {
  it('as Basic', async () => {
    registry.addManifest('a/b', 'latest', OCI.manifest, { schemaVersion: 2 });
    wantBasic();
    await fetchManifest(session(), 'a/b', 'latest');
    expect(registry.seen.at(-1)?.headers.authorization).toBe(
      `Basic ${Buffer.from(`alice:${SECRET}`).toString('base64')}`,
    );
  });

  it('as a token for what is asked, one per scope, whatever scope the registry names', async () => {
    registry.addManifest('a/b', 'latest', OCI.manifest, { schemaVersion: 2 });
    wantBearer(`${registry.origin}/token`);
    const one = session();
    await fetchManifest(one, 'a/b', 'latest');
    await resolveManifest(one, 'a/b', 'latest');
    const asked = registry.seen.filter(({ url }) => url.startsWith('/token'));
    expect(asked).toHaveLength(1);
    const url = new URL(asked[0]!.url, registry.origin);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      service: 'the service',
      scope: 'repository:a/b:pull',
      account: 'alice',
    });
    expect(asked[0]!.headers.authorization).toMatch(/^Basic /);
  });

  it('as a refresh token by POST', async () => {
    registry.addManifest('a/b', 'latest', OCI.manifest, { schemaVersion: 2 });
    wantBearer(`${registry.origin}/token`);
    await fetchManifest(session({ username: 'alice', identityToken: 'refresh-secret' }), 'a/b', 'latest');
    const asked = registry.seen.find(({ url }) => url.startsWith('/token'))!;
    expect(asked.method).toBe('POST');
    expect(asked.url).toBe('/token');
  });

  it('not at all when there are none, and the registry’s refusal is passed on', async () => {
    wantBasic();
    await expect(fetchManifest(session({}), 'a/b', 'latest')).rejects.toMatchObject({
      code: 'unauthorized',
      message: 'unauthorized: authentication required',
    });
  });

  it('and a token that ran out is replaced once', async () => {
    registry.addManifest('a/b', 'latest', OCI.manifest, { schemaVersion: 2 });
    let refusals = 1;
    wantBearer(`${registry.origin}/token`, (request, response) => {
      if (request.url === '/v2/' || refusals-- <= 0) return false;
      const challenge = `Bearer realm="${registry.origin}/token",service="the service",error="invalid_token"`;
      fail(response, 401, 'UNAUTHORIZED', 'expired', { 'www-authenticate': challenge });
      return true;
    });
    const one = session();
    await fetchManifest(one, 'a/b', 'latest');
    expect(registry.seen.filter(({ url }) => url.startsWith('/token'))).toHaveLength(2);
    refusals = 99;
    await expect(fetchManifest(one, 'a/b', 'latest')).rejects.toMatchObject({ code: 'unauthorized' });
  });
});

describe('a token that does not reach far enough', () => {
  it('is a denial, as Docker’s hub says it for repositories that do not exist', async () => {
    wantBearer(`${registry.origin}/token`, (request, response) => {
      if (request.url === '/v2/') return false;
      const challenge = `Bearer realm="${registry.origin}/token",service="s",error="insufficient_scope"`;
      fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge });
      return true;
    });
    await expect(fetchManifest(session({}), 'a/b', 'latest')).rejects.toMatchObject({
      code: 'forbidden',
      message: 'denied: requested access to the resource is denied',
      details: { registryCode: 'DENIED' },
    });
  });
});

describe('credentials reach nobody else', () => {
  const blob = () => registry.addBlob('the layer');
  const read = async (b: { digest: `sha256:${string}`; size: number }) => {
    for await (const _ of readBlob(session(), 'a/b', b));
  };
  const redirectBlobs =
    (location: string): FakeRegistry['intercept'] =>
    (request, response) => {
      if (!/\/blobs\/sha256/.test(request.url ?? '')) return false;
      response.writeHead(307, { location }).end();
      return true;
    };

  it.each(['basic', 'bearer'])('redirects of blobs get none (%s)', async (scheme) => {
    const b = blob();
    const other = await startCollector((_request, response) => response.end('the layer'));
    try {
      if (scheme === 'basic') wantBasic(redirectBlobs(`${other.origin}/cdn?x=1`));
      else wantBearer(`${registry.origin}/token`, redirectBlobs(`${other.origin}/cdn?x=1`));
      await read(b);
      expect(other.seen.map(({ url }) => url)).toEqual(['/cdn?x=1']);
      expect(other.seen[0]!.headers.authorization).toBeUndefined();
      expect(secretsIn(other.seen)).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('not even on another name of the same host', async () => {
    const b = blob();
    wantBasic(redirectBlobs(`http://localhost:${new URL(registry.origin).port}/v2/a/b/blobs/${b.digest}`));
    await expect(read(b)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('a challenge of a redirect’s target is not answered', async () => {
    const b = blob();
    const other = await startCollector((_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    });
    try {
      wantBasic(redirectBlobs(`${other.origin}/`));
      await expect(read(b)).rejects.toMatchObject({ code: 'unauthorized' });
      expect(other.seen).toHaveLength(1);
      expect(secretsIn(other.seen)).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('redirects in a circle end', async () => {
    const b = blob();
    wantBasic(redirectBlobs('/v2/a/b/blobs/sha256:loop'));
    await expect(read(b)).rejects.toThrow(/redirects too often/);
  });

  it.each([
    ['another host over HTTP', () => `http://token.example:${new URL(collector.origin).port}/token`],
    ['user information', () => collector.origin.replace('://', '://registry:x@')],
    ['a file', () => 'file:///etc/passwd'],
    ['nothing', () => ''],
    ['a look-alike', () => `http://127.0.0.1.example:${new URL(collector.origin).port}/token`],
  ])('a token server that is %s is refused', async (_what, realm) => {
    wantBearer(realm());
    await expect(fetchManifest(session(), 'a/b', 'latest')).rejects.toThrow(/names token server .* refused/);
    expect(collector.seen).toEqual([]);
    expect(registry.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('a token server’s redirect is not followed', async () => {
    registry.intercept = (request, response) => {
      if (request.url?.startsWith('/token')) {
        response.writeHead(307, { location: `${collector.origin}/token` }).end();
        return true;
      }
      fail(response, 401, 'UNAUTHORIZED', '', { 'www-authenticate': `Bearer realm="${registry.origin}/token"` });
      return true;
    };
    for (const credentials of [CREDENTIALS, { identityToken: 'refresh-secret' }]) {
      await expect(fetchManifest(session(credentials), 'a/b', 'latest')).rejects.toThrow(/redirects: refused/);
    }
    expect(collector.seen).toEqual([]);
  });

  it('an upload location elsewhere gets none, neither to PATCH nor to PUT', async () => {
    const content = Buffer.from('content of a layer');
    const other = await startCollector((_request, response) => response.writeHead(202, { location: '/second' }).end());
    try {
      wantBasic((request, response) => {
        if (request.method !== 'POST') return false;
        response.writeHead(202, { location: `${other.origin}/first` }).end();
        return true;
      });
      const upload = { digest: digestOf(content), size: content.byteLength, open: () => readable(content) };
      await expect(uploadBlob(session(), 'a/b', upload)).rejects.toThrow();
      expect(other.seen.map(({ method, url }) => `${method} ${url.split('?')[0]}`)).toEqual([
        'PATCH /first',
        'PUT /second',
      ]);
      expect(secretsIn(other.seen)).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('a next page of tags elsewhere gets none', async () => {
    const other = await startCollector((_request, response) => response.end('{"tags":["b"]}'));
    try {
      wantBasic((request, response) => {
        if (!request.url?.includes('/tags/list')) return false;
        response.writeHead(200, { link: `<${other.origin}/next>; rel="next"` }).end('{"name":"a/b","tags":["a"]}');
        return true;
      });
      expect(await listTags(session(), 'a/b')).toEqual(['a', 'b']);
      expect(secretsIn(other.seen)).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

describe('HTTPS is never left for HTTP', () => {
  const registryUrl = new URL('https://registry.example/');

  it('by a realm', () => {
    expect(checkRealm('https://auth.example/token', registryUrl).host).toBe('auth.example');
    for (const realm of [
      'http://registry.example/token',
      'http://auth.example/token',
      'http://127.0.0.1/token',
      'https://user@auth.example/token',
      'ftp://registry.example/',
      'not a url',
      undefined,
    ]) {
      expect(() => checkRealm(realm, registryUrl), String(realm)).toThrow(/refused/);
    }
  });

  it('by a location', () => {
    const at = (location: string) => resolveLocation(location, registryUrl, 'registry.example').href;
    expect(at('/v2/x?y=1#z')).toBe('https://registry.example/v2/x?y=1');
    expect(at('https://cdn.example/x')).toBe('https://cdn.example/x');
    expect(at('//cdn.example/x')).toBe('https://cdn.example/x');
    for (const location of [
      'http://registry.example/',
      'http://cdn.example/',
      'https://u:p@cdn.example/',
      'file:///etc/passwd',
      'https://[',
      '',
    ]) {
      expect(() => at(location), location).toThrow(/refused/);
    }
  });

  it('by what a registry on HTTP may name', () => {
    const lan = new URL('http://reg.lan:5000/');
    expect(checkRealm('http://reg.lan:5001/token', lan).port).toBe('5001');
    expect(checkRealm('https://auth.lan/token', lan).host).toBe('auth.lan');
    expect(() => checkRealm('http://auth.lan/token', lan)).toThrow(/another host/);
    expect(() => checkRealm('http://127.0.0.1/token', lan)).toThrow(/another host/);
    expect(checkRealm('http://localhost:1/', new URL('http://127.0.0.1:5000/')).hostname).toBe('localhost');
  });

  it('by a failure of the token challenge', async () => {
    const tried: string[] = [];
    const lying: Transport = {
      send: (request) => {
        tried.push(request.url.href);
        return Promise.resolve({
          status: 401,
          statusText: '401',
          url: request.url,
          headers: { 'www-authenticate': 'Bearer realm="http://evil.example/"' },
          body: readable('{}'),
        });
      },
      close: () => {},
    };
    const one = createSession({ domain: 'localhost:5000', transport: lying, credentials: CREDENTIALS });
    await expect(one.connect()).rejects.toThrow(/refused/);
    expect(tried).toEqual(['https://localhost:5000/v2/']);
  });
});

describe('a registry that cannot be reached', () => {
  it('is named with the cause and the way out', async () => {
    await registry.close();
    const reach = session({}).connect();
    await expect(reach).rejects.toMatchObject({
      code: 'unavailable',
      message: `Get "http://${registry.domain}/v2/": dial tcp ${registry.domain}: connect: connection refused`,
      hint: expect.stringContaining('berth image starter hello-world busybox debian'),
    });
    const unknown = createSession({ domain: 'registry.invalid', transport }).connect();
    await expect(unknown).rejects.toThrow(
      /^Get "https:\/\/registry\.invalid\/v2\/": dial tcp: lookup registry\.invalid: (no such host|Temporary failure in name resolution)$/,
    );
  });
});

function readable(bytes: Buffer | string): Readable {
  return Readable.from([Buffer.from(bytes)]);
}
