import { createPublicKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from '../../support/certificates.ts';
import { type OwnRegistry, startOwnRegistry } from '../../support/own-registry.ts';
import { call, digestOf, newBlob, newImage, pushBlob, putManifest } from '../../support/registry-calls.ts';
import { startS3Server } from '../../support/s3-server.ts';
import { offer, startOther } from '../../support/upstreams.ts';

/** alice: opensesame; bcrypt by Apache's htpasswd -B. */
const HTPASSWD = `alice:$2y$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\n`;
const ALICE = { authorization: `Basic ${Buffer.from('alice:opensesame').toString('base64')}` };
const LONG = { timeout: 60_000 };

let folder: string;
let certificates: Certificates;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'berth-registry-settings-'));
  writeFileSync(path.join(folder, 'htpasswd'), HTPASSWD);
  mkdirSync(path.join(folder, 'tls'));
  certificates = makeCertificates(path.join(folder, 'tls'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const users = () => ({ htpasswd: path.join(folder, 'htpasswd') });
const urlOf = ({ domain }: OwnRegistry) => `http://${domain}`;

async function tagsOf(registry: OwnRegistry, name: string): Promise<unknown> {
  return (await call(urlOf(registry), 'GET', `/v2/${name}/tags/list`)).json();
}

async function push(registry: OwnRegistry, name: string, tag: string) {
  const image = await newImage(urlOf(registry), name);
  expect((await putManifest(urlOf(registry), name, tag, image)).status).toBe(201);
  return image;
}

/** A token for `scope`, and for how many seconds it is good. */
async function tokenOf({ domain }: OwnRegistry, scope: string, service = 'berth-registry') {
  const url = `http://${domain}/token?service=${encodeURIComponent(service)}&scope=${scope}`;
  return (await (await fetch(url, { headers: ALICE })).json()) as { token: string; expires_in: number };
}

describe('settings of the file', () => {
  test('keepYounger: a tag is there until it is that old; what another condition keeps stays', async () => {
    const rules = [{ keepYounger: '4s', keepTags: ['v*'] }];
    await using registry = await startOwnRegistry({ config: { retention: { interval: '500ms', rules } } });
    const before = performance.now();
    for (const tag of ['v1', 'young']) await push(registry, 'team/app', tag);
    await expect.poll(() => registry.output(), LONG).toMatch(/retention was applied.*\n.*retention was applied/s);
    if (performance.now() - before < 3_500)
      expect(await tagsOf(registry, 'team/app')).toMatchObject({ tags: ['v1', 'young'] });
    await expect.poll(() => tagsOf(registry, 'team/app'), LONG).toMatchObject({ tags: ['v1'] });
    expect(performance.now() - before).toBeGreaterThan(4_000);
  });

  test('fetched.unusedAfter: what is used stays, what nobody uses goes; what was pushed stays', async () => {
    const other = await startOther();
    const [used, unused] = ['used', 'unused'].map((name) => ({ name: `hub/${name}`, ...offer(other, name, '1') }));
    const config = {
      upstreams: [{ prefix: 'hub', url: other.url, ttl: '1h' }],
      fetched: { interval: '300ms', unusedAfter: '5s' },
    };
    await using registry = await startOwnRegistry({ config });
    const get = async (name: string) => (await call(urlOf(registry), 'GET', `/v2/${name}/manifests/1`)).status;
    await push(registry, 'hub/own', '1');
    const before = performance.now();
    for (const { name } of [used!, unused!]) expect(await get(name)).toBe(200);
    await other.close();
    const keep = setInterval(() => void get(used!.name), 500);
    try {
      await expect.poll(() => registry.output(), LONG).toMatch(/fetched content was evicted/);
    } finally {
      clearInterval(keep);
    }
    expect(performance.now() - before).toBeGreaterThan(5_000);
    expect([await get(used!.name), await get('hub/own'), await get(unused!.name)]).toEqual([200, 200, 503]);
  });

  test('fetched.maxBytes: when it is more, the longest unused goes, and its place is free', async () => {
    const other = await startOther();
    const names = ['one', 'two', 'three'];
    const images = names.map((name) => ({ name, ...offer(other, name, '1') }));
    const config = {
      upstreams: [{ prefix: 'hub', url: other.url, ttl: '1h' }],
      fetched: { interval: '300ms', maxBytes: '250k' },
      gc: { grace: '0', interval: '0' },
    };
    await using registry = await startOwnRegistry({ config });
    for (const { name, layer } of images) {
      const get = (what: string) => call(urlOf(registry), 'GET', `/v2/hub/${name}/${what}`);
      expect((await get('manifests/1')).status).toBe(200);
      expect((await get(`blobs/${digestOf(layer)}`)).body.equals(layer)).toBe(true);
    }
    await expect.poll(() => registry.output(), LONG).toMatch(/fetched content was evicted/);
    await other.close();
    const has = ({ name }: { name: string }) =>
      call(urlOf(registry), 'HEAD', `/v2/hub/${name}/manifests/1`).then(({ status }) => status === 200);
    expect(await Promise.all(images.map(has))).toEqual([false, true, true]);
    const blob = `/v2/hub/one/blobs/${digestOf(images[0]!.layer)}`;
    await expect.poll(async () => (await call(urlOf(registry), 'GET', blob)).status, LONG).not.toBe(200);
  });

  test('access.tokenLifetime: a token is good for so long, and says so', async () => {
    const access = (tokenLifetime: string) => ({ access: { ...users(), mode: 'token', tokenLifetime } });
    await using short = await startOwnRegistry({ config: access('1s') });
    await using long = await startOwnRegistry({ config: access('90m') });
    const before = performance.now();
    const [ended, lasting] = [await tokenOf(short, ''), await tokenOf(long, '')];
    expect([ended.expires_in, lasting.expires_in]).toEqual([1, 5_400]);
    const status = async (registry: OwnRegistry, { token }: { token: string }) =>
      (await fetch(`${urlOf(registry)}/v2/`, { headers: { authorization: `Bearer ${token}` } })).status;
    if (performance.now() - before < 1_000) expect(await status(short, ended)).toBe(200);
    await expect.poll(() => status(short, ended), LONG).toBe(401);
    expect(performance.now() - before).toBeGreaterThan(1_000);
    expect(await status(long, lasting)).toBe(200);
  });

  test('limits.idle: a connection on which nothing moves is closed then; 0 closes none', async () => {
    await using closing = await startOwnRegistry({ config: { limits: { idle: '1s' } } });
    await using keeping = await startOwnRegistry({ config: { limits: { idle: '0', headers: '0' } } });
    const open = ({ domain }: OwnRegistry) => {
      const socket = connectTcp(Number(domain.split(':')[1]), '127.0.0.1');
      socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n'); // the end of its headers is still to come
      socket.on('error', () => undefined).resume();
      return socket;
    };
    const before = performance.now();
    const [closed, kept] = [open(closing), open(keeping)];
    await new Promise((resolve) => closed.once('close', resolve));
    expect(performance.now() - before).toBeGreaterThan(900);
    expect(kept.closed).toBe(false);
    const answer = new Promise((resolve) => kept.once('data', resolve));
    kept.write('\r\n');
    expect(String(await answer)).toMatch(/^HTTP\/1\.1 200 /);
    kept.destroy();
  });
});

describe('variables of Docker’s registry', () => {
  test('address, folder, log, deletion, figures, host', async () => {
    await using registry = await startOwnRegistry({
      config: { listen: 'x', root: '/nowhere', delete: true, access: { ...users(), mode: 'token' } },
      flags: ['--environment'],
      variables: {
        REGISTRY_LOG_LEVEL: 'info',
        REGISTRY_LOG_FORMATTER: 'json',
        REGISTRY_STORAGE_DELETE_ENABLED: 'false',
        REGISTRY_HTTP_DEBUG_ADDR: '127.0.0.1:0',
        REGISTRY_HTTP_DEBUG_PROMETHEUS_ENABLED: 'true',
        REGISTRY_HTTP_HOST: 'https://registry.example/',
      },
    });
    const challenge = (await call(urlOf(registry), 'GET', '/v2/')).headers['www-authenticate'];
    expect(challenge).toContain('realm="https://registry.example/token"');
    const { token } = await tokenOf(registry, 'repository:a:pull,push,delete');
    const headers = { authorization: `Bearer ${token}` };
    const blob = newBlob();
    const at = `/v2/a/blobs/${digestOf(blob)}`;
    const posted = `/v2/a/blobs/uploads/?digest=${digestOf(blob)}`;
    expect((await call(urlOf(registry), 'POST', posted, { body: blob, headers })).status).toBe(201);
    const refused = await call(urlOf(registry), 'DELETE', at, { headers });
    expect([refused.status, refused.codes()]).toEqual([405, ['UNSUPPORTED']]);
    const watched = /"watched":"([^"]+)"/.exec(registry.output())?.[1];
    expect(await (await fetch(`http://${watched}/metrics`)).text()).toContain('berth_registry_requests_total');
    const lines = registry.output().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(expect.objectContaining({ method: 'DELETE' }));
    // It lies where the variable says.
    await registry.stop();
    await using again = await startOwnRegistry({ root: registry.root, config: {} });
    expect((await call(urlOf(again), 'GET', at)).body.equals(blob)).toBe(true);
  });

  test('certificate, key and version of TLS', async () => {
    await using registry = await startOwnRegistry({
      flags: ['--environment'],
      variables: {
        REGISTRY_HTTP_TLS_CERTIFICATE: certificates.serverCert,
        REGISTRY_HTTP_TLS_KEY: certificates.serverKey,
        REGISTRY_HTTP_TLS_MINIMUMTLS: 'tls1.3',
      },
    });
    const port = Number(registry.domain.split(':')[1]);
    const shake = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string>((resolve) => {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion });
        socket.once('secureConnect', () => {
          resolve(`${socket.getProtocol()} ${socket.getPeerCertificate().subject.CN}`);
          socket.destroy();
        });
        socket.once('error', () => resolve('refused'));
      });
    expect([await shake('TLSv1.3'), await shake('TLSv1.2')]).toEqual(['TLSv1.3 server', 'refused']);
  });

  test('users of a file', async () => {
    await using registry = await startOwnRegistry({
      flags: ['--environment'],
      variables: {
        REGISTRY_AUTH: 'htpasswd',
        REGISTRY_AUTH_HTPASSWD_PATH: users().htpasswd,
        REGISTRY_AUTH_HTPASSWD_REALM: 'Registry Realm',
      },
    });
    const refused = await call(urlOf(registry), 'GET', '/v2/');
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Basic realm="Registry Realm"']);
    expect((await call(urlOf(registry), 'GET', '/v2/', { headers: ALICE })).status).toBe(200);
  });

  test.each(['REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE', 'REGISTRY_AUTH_TOKEN_JWKS'])(
    'tokens of another service, its keys by %s',
    async (variable) => {
      await using service = await startOwnRegistry({
        config: { access: { ...users(), mode: 'token', service: 'both' } },
      });
      const keys = path.join(folder, `${variable}.keys`);
      const { token } = await tokenOf(service, 'repository:a:pull', 'both');
      const key = createPublicKey(readFileSync(path.join(service.root, 'token.key')));
      const { kid } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString());
      const set = { keys: [{ ...key.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }] };
      const isSet = variable.endsWith('JWKS');
      writeFileSync(keys, isSet ? JSON.stringify(set) : key.export({ type: 'spki', format: 'pem' }));
      await using registry = await startOwnRegistry({
        flags: ['--environment'],
        variables: {
          REGISTRY_AUTH: 'token',
          REGISTRY_AUTH_TOKEN_REALM: `${urlOf(service)}/token`,
          REGISTRY_AUTH_TOKEN_SERVICE: 'both',
          REGISTRY_AUTH_TOKEN_ISSUER: 'berth-registry',
          [variable]: keys,
        },
      });
      const challenge = (await call(urlOf(registry), 'GET', '/v2/a/tags/list')).headers['www-authenticate'];
      expect(challenge).toBe(`Bearer realm="${urlOf(service)}/token",service="both",scope="repository:a:pull"`);
      const headers = { authorization: `Bearer ${token}` };
      expect((await call(urlOf(registry), 'GET', '/v2/a/tags/list', { headers })).codes()).toEqual(['NAME_UNKNOWN']);
      headers.authorization += 'x';
      expect((await call(urlOf(registry), 'GET', '/v2/a/tags/list', { headers })).status).toBe(401);
    },
  );

  test('a proxy: its user, its tags asked for each time, and the end of what was fetched', async () => {
    const other = await startOther();
    const { layer, layerPath } = offer(other, 'library/app', '1');
    await using registry = await startOwnRegistry({
      config: { fetched: { interval: '300ms' } },
      flags: ['--environment'],
      variables: {
        REGISTRY_PROXY_REMOTEURL: other.url,
        REGISTRY_PROXY_USERNAME: 'me',
        REGISTRY_PROXY_PASSWORD: 'secret',
        REGISTRY_PROXY_TTL: '3s',
      },
    });
    const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    const manifests = other.answers.get('/v2/library/app/manifests/1')!;
    other.answers.set('/v2/library/app/manifests/1', (request, response) => {
      if (request.headers.authorization === basic) manifests(request, response);
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    });
    const get = () => call(urlOf(registry), 'GET', '/v2/library/app/manifests/1');
    expect((await get()).status).toBe(200);
    expect((await call(urlOf(registry), 'GET', layerPath)).body.equals(layer)).toBe(true);
    const asked = () => other.count(/^(?:GET|HEAD) \/v2\/library\/app\/manifests\/1/);
    const before = asked();
    expect((await get()).status).toBe(200);
    expect(asked()).toBeGreaterThan(before);
    const start = performance.now();
    await other.close();
    await expect.poll(() => registry.output(), LONG).toMatch(/fetched content was evicted/);
    expect(performance.now() - start).toBeGreaterThan(2_500);
    expect((await get()).status).not.toBe(200);
    expect(registry.output()).not.toContain('secret');
  });

  test('a bucket', async () => {
    const s3 = await startS3Server();
    try {
      await using registry = await startOwnRegistry({
        flags: ['--environment'],
        variables: {
          REGISTRY_STORAGE: 's3',
          REGISTRY_STORAGE_S3_REGIONENDPOINT: s3.endpoint,
          REGISTRY_STORAGE_S3_REGION: s3.region,
          REGISTRY_STORAGE_S3_BUCKET: s3.bucket,
          REGISTRY_STORAGE_S3_ACCESSKEY: s3.accessKeyId,
          REGISTRY_STORAGE_S3_SECRETKEY: s3.secretAccessKey,
          REGISTRY_STORAGE_S3_ROOTDIRECTORY: '/some/where',
        },
      });
      const digest = await pushBlob(urlOf(registry), 'a', newBlob());
      expect((await call(urlOf(registry), 'GET', `/v2/a/blobs/${digest}`)).status).toBe(200);
      expect(s3.keys().filter((key) => key.includes(digest.slice(7)))).not.toEqual([]);
      expect(s3.keys().filter((key) => !key.startsWith('some/where/'))).toEqual([]);
    } finally {
      await s3.close();
    }
  });
});
