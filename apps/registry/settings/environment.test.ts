import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { withEnvironment } from './environment.ts';

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
    upstreams: [{ prefix: '', url: 'https://registry-1.docker.io', username: 'me', password: 'secret' }],
    watch: { listen: '0.0.0.0:5001' },
  });
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
