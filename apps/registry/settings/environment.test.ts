import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { VARIABLES, withEnvironment } from './environment.ts';

const HOUR = 3_600_000;
const none = () => false;
const read = (env: NodeJS.ProcessEnv, document: unknown = {}) => readConfig(withEnvironment(document, env, none), '');

test('variables of Docker’s registry mean what they mean there', () => {
  const config = read(
    {
      REGISTRY_HTTP_ADDR: '0.0.0.0:443',
      REGISTRY_HTTP_TLS_CERTIFICATE: '/certs/domain.crt',
      REGISTRY_HTTP_TLS_KEY: '/certs/domain.key',
      REGISTRY_HTTP_SECRET: 'x',
      REGISTRY_AUTH: 'htpasswd',
      REGISTRY_AUTH_HTPASSWD_REALM: 'Registry Realm',
      REGISTRY_AUTH_HTPASSWD_PATH: '/auth/htpasswd',
      REGISTRY_STORAGE_DELETE_ENABLED: 'false',
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/data',
      REGISTRY_PROXY_REMOTEURL: 'https://registry-1.docker.io/',
      REGISTRY_PROXY_USERNAME: 'me',
      REGISTRY_PROXY_PASSWORD: 'secret',
      REGISTRY_HTTP_DEBUG_ADDR: ':5001',
      PATH: '/bin',
    },
    { tls: { minVersion: '1.3', certificate: 'a', key: 'b' }, listen: ':1' },
  );
  expect(config).toMatchObject({
    listen: '0.0.0.0:443',
    root: '/data',
    delete: false,
    tls: { certificate: '/certs/domain.crt', key: '/certs/domain.key', minVersion: '1.3' },
    access: { htpasswd: '/auth/htpasswd', service: 'Registry Realm' },
    upstreams: [{ prefix: '', url: 'https://registry-1.docker.io', username: 'me', password: 'secret', ttl: 0 }],
    fetched: { unusedAfter: 7 * 24 * HOUR },
    watch: { listen: '0.0.0.0:5001' },
  });
});

test('host, log, versions of TLS, S3', () => {
  const config = read({
    REGISTRY_HTTP_HOST: 'https://registry.example/',
    REGISTRY_HTTP_TLS_CERTIFICATE: '/c',
    REGISTRY_HTTP_TLS_KEY: '/k',
    REGISTRY_HTTP_TLS_MINIMUMTLS: 'tls1.3',
    REGISTRY_LOG_LEVEL: 'warn',
    REGISTRY_LOG_FORMATTER: 'json',
    REGISTRY_STORAGE: 's3',
    REGISTRY_STORAGE_S3_REGIONENDPOINT: 'https://s3.example',
    REGISTRY_STORAGE_S3_REGION: 'eu-central-1',
    REGISTRY_STORAGE_S3_BUCKET: 'images',
    REGISTRY_STORAGE_S3_ACCESSKEY: 'an id',
    REGISTRY_STORAGE_S3_SECRETKEY: 'a secret',
    REGISTRY_STORAGE_S3_ROOTDIRECTORY: '/some/where/',
  });
  expect(config).toMatchObject({
    url: 'https://registry.example',
    tls: { minVersion: '1.3' },
    log: { level: 'warn', format: 'json' },
    storage: {
      s3: {
        ...{ endpoint: 'https://s3.example', region: 'eu-central-1', bucket: 'images', prefix: 'some/where' },
        ...{ accessKeyId: 'an id', secretAccessKey: 'a secret' },
      },
    },
  });
  expect(() => read({ REGISTRY_HTTP_TLS_MINIMUMTLS: 'tls1.0' }, { tls: { certificate: 'a', key: 'b' } })).toThrow(
    /tls.minVersion is none of 1.2, 1.3/,
  );
  expect(() => read({ REGISTRY_LOG_FORMATTER: 'logstash' })).toThrow(/log.format is none of text, json/);
  expect(() => read({ REGISTRY_LOG_LEVEL: 'loud' })).toThrow(/log.level is none of/);
});

test.each(['ROOTCERTBUNDLE', 'JWKS'])('a token service of somebody else, its keys by %s', (keys) => {
  const config = read({
    REGISTRY_AUTH: 'token',
    REGISTRY_AUTH_TOKEN_REALM: 'https://auth.example/token',
    REGISTRY_AUTH_TOKEN_SERVICE: 'registry.example',
    REGISTRY_AUTH_TOKEN_ISSUER: 'auth.example',
    [`REGISTRY_AUTH_TOKEN_${keys}`]: '/keys',
  });
  expect(config.access.issuer).toEqual({
    ...{ realm: 'https://auth.example/token', service: 'registry.example', issuer: 'auth.example', keys: '/keys' },
  });
});

test('when what was fetched goes: the variable, else the file, else a week; 0 is never', () => {
  const expiry = (ttl: string | undefined, document = {}) =>
    read({ REGISTRY_PROXY_REMOTEURL: 'https://x', REGISTRY_PROXY_TTL: ttl }, document).fetched.unusedAfter;
  expect(expiry('36h')).toBe(36 * HOUR);
  expect(expiry(undefined)).toBe(168 * HOUR);
  expect(expiry('')).toBe(168 * HOUR);
  const file = { fetched: { unusedAfter: '1h' } };
  expect([expiry(undefined, file), expiry('', file), expiry('2h', file)]).toEqual([HOUR, HOUR, 2 * HOUR]);
  for (const never of ['0', '0s', '0h']) expect([never, expiry(never, file)]).toEqual([never, undefined]);
  expect(() => expiry('1.5h')).toThrow(/fetched.unusedAfter is no duration/);
  // Without an upstream from here nothing changes.
  expect(read({}, {}).fetched.unusedAfter).toBeUndefined();
});

test.each<[NodeJS.ProcessEnv, object, RegExp]>([
  [{ REGISTRY_AUTH: 'none', REGISTRY_AUTH_HTPASSWD_PATH: '/x' }, {}, /^REGISTRY_AUTH=none says .* name users$/],
  [{ REGISTRY_AUTH: 'none' }, { access: { htpasswd: '/x' } }, /^REGISTRY_AUTH=none/],
  [{ REGISTRY_AUTH: 'none', REGISTRY_AUTH_TOKEN_REALM: 'https://x' }, {}, /^REGISTRY_AUTH=none/],
  [{ REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE: '/a', REGISTRY_AUTH_TOKEN_JWKS: '/b' }, {}, /ROOTCERTBUNDLE or .*_JWKS$/],
])('of two that say different things none is lost: %j with %j', (env, document, message) => {
  expect(() => read(env, document)).toThrow(message);
});

test('where a bucket is: a URL, a host with or without TLS, or Amazon', () => {
  const endpoint = (env: NodeJS.ProcessEnv) =>
    read({ REGISTRY_STORAGE: 's3', REGISTRY_STORAGE_S3_BUCKET: 'b', ...env }).storage.s3?.endpoint;
  const host = (endpoint: string, secure?: string) => ({
    REGISTRY_STORAGE_S3_REGIONENDPOINT: endpoint,
    ...(secure === undefined ? {} : { REGISTRY_STORAGE_S3_SECURE: secure }),
  });
  expect(endpoint(host('minio:9000'))).toBe('https://minio:9000');
  expect(endpoint(host('minio:9000', 'false'))).toBe('http://minio:9000');
  expect(endpoint(host('http://minio:9000', 'false'))).toBe('http://minio:9000');
  expect(() => endpoint(host('http://minio:9000', 'true'))).toThrow(/S3_SECURE=true is not what the endpoint/);
  const amazon = (REGISTRY_STORAGE_S3_REGION: string) => endpoint({ REGISTRY_STORAGE_S3_REGION });
  expect(amazon('eu-central-1')).toBe('https://s3.eu-central-1.amazonaws.com');
  expect(amazon('cn-north-1')).toBe('https://s3.cn-north-1.amazonaws.com.cn');
  expect(
    read({ REGISTRY_STORAGE_S3_CHUNKSIZE: '5242880', REGISTRY_STORAGE_S3_BUCKET: 'b', ...host('x') }).storage.s3
      ?.partSize,
  ).toBe(5_242_880);
});

test.each([
  ['REGISTRY_HTTP_NET', 'tcp', 'unix'],
  ['REGISTRY_HTTP_RELATIVEURLS', 'true', 'false'],
  ['REGISTRY_HTTP_HTTP2_DISABLED', 'true', 'false'],
  ['REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR', 'inmemory', 'redis'],
  ['REGISTRY_STORAGE_REDIRECT_DISABLE', 'true', 'false'],
  ['REGISTRY_STORAGE_S3_V4AUTH', 'true', 'false'],
  ['REGISTRY_STORAGE_S3_FORCEPATHSTYLE', 'true', 'false'],
  ['REGISTRY_STORAGE_S3_ENCRYPT', 'false', 'true'],
  ['REGISTRY_STORAGE_S3_SKIPVERIFY', 'false', 'true'],
])('%s may say what is so here (%s), and nothing else', (name, so, other) => {
  expect(read({ [name]: so })).toEqual(read({}));
  expect(() => read({ [name]: other })).toThrow(`${name} is one of ${so} here, not "${other}"`);
});

test('all variables are in the reference, and no others', () => {
  const text = readFileSync(new URL('../../../docs/reference/registry-json.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(REGISTRY_\w+)`/gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual(Object.keys(VARIABLES).sort());
});

test('what is not known is not ignored, but for what Kubernetes sets', () => {
  expect(() => read({ REGISTRY_STORAGE_AZURE_ACCOUNTNAME: 'x' })).toThrow(
    /REGISTRY_STORAGE_AZURE_ACCOUNTNAME is not known/,
  );
  expect(() => read({ REGISTRY_AUTH: 'silly' })).toThrow(/htpasswd, token, none/);
  expect(() => read({ REGISTRY_STORAGE_DELETE_ENABLED: 'perhaps' })).toThrow(/true or false/);
  expect(() => read({ REGISTRY_HTTP_TLS_KEY: '/key' })).toThrow(/tls.certificate is missing/);
  expect(read({ REGISTRY_PORT: 'tcp://1.2.3.4:5000', REGISTRY_SERVICE_HOST: '1.2.3.4' }).listen).toBe('127.0.0.1:5000');
});

test('a file for Docker’s registry is not passed over', () => {
  expect(() => withEnvironment({}, {}, (path) => path === '/etc/docker/registry/config.yml')).toThrow(/not read here/);
});

test.each([
  [{ REGISTRY_AUTH: 'htpasswd' }, /^REGISTRY_AUTH=htpasswd needs the variable REGISTRY_AUTH_HTPASSWD_PATH$/],
  [{ REGISTRY_AUTH_HTPASSWD_REALM: 'x' }, /^REGISTRY_AUTH_HTPASSWD_REALM needs .* REGISTRY_AUTH_HTPASSWD_PATH$/],
  [{ REGISTRY_AUTH: 'htpasswd', REGISTRY_AUTH_TOKEN_REALM: 'https://x' }, /REGISTRY_AUTH_HTPASSWD_PATH/],
  [{ REGISTRY_AUTH: 'htpasswd', REGISTRY_AUTH_HTPASSWD_PATH: '' }, /access.htpasswd is no text/],
  [{ REGISTRY_AUTH: 'token' }, /^REGISTRY_AUTH=token needs the variable REGISTRY_AUTH_TOKEN_REALM$/],
  [{ REGISTRY_AUTH: 'token', REGISTRY_AUTH_HTPASSWD_PATH: '/x' }, /REGISTRY_AUTH_TOKEN_REALM/],
  [{ REGISTRY_STORAGE: 's3' }, /^REGISTRY_STORAGE=s3 needs the variable REGISTRY_STORAGE_S3_BUCKET$/],
  [{ REGISTRY_STORAGE: 's3', REGISTRY_STORAGE_S3_BUCKET: 'b' }, /REGISTRY_STORAGE_S3_REGIONENDPOINT/],
  [{ REGISTRY_STORAGE_S3_BUCKET: 'b' }, /storage.s3.endpoint is missing/],
  [{ REGISTRY_STORAGE: 'filesystem', REGISTRY_STORAGE_S3_BUCKET: 'b' }, /other settings name a bucket/],
  [{ REGISTRY_PROXY_USERNAME: 'me', REGISTRY_PROXY_PASSWORD: 'x' }, /USERNAME needs .* REGISTRY_PROXY_REMOTEURL$/],
  [{ REGISTRY_PROXY_PASSWORD: 'x' }, /PASSWORD needs .* REGISTRY_PROXY_REMOTEURL$/],
  [{ REGISTRY_PROXY_TTL: '1h' }, /TTL needs .* REGISTRY_PROXY_REMOTEURL$/],
  [{ REGISTRY_PROXY_REMOTEURL: 'https://x', REGISTRY_PROXY_PASSWORD: 'x' }, /needs .* REGISTRY_PROXY_USERNAME$/],
  [{ REGISTRY_PROXY_REMOTEURL: 'https://x', REGISTRY_PROXY_USERNAME: 'me' }, /needs .* REGISTRY_PROXY_PASSWORD$/],
])('half of a setting: %j', (env, message) => {
  expect(() => read(env)).toThrow(message);
});

test('the other half may be in the file, and empty variables of a proxy are none', () => {
  const s3 = { endpoint: 'https://s3.example', bucket: 'b' };
  const config = read(
    { REGISTRY_AUTH: 'htpasswd', REGISTRY_STORAGE: 's3', REGISTRY_PROXY_USERNAME: '', REGISTRY_PROXY_PASSWORD: '' },
    { access: { htpasswd: '/users' }, storage: { s3 } },
  );
  expect(config).toMatchObject({ access: { htpasswd: '/users' }, storage: { s3 }, upstreams: [] });
  expect(read({ REGISTRY_AUTH: 'none', REGISTRY_STORAGE: 'filesystem' }).access.htpasswd).toBeUndefined();
});
