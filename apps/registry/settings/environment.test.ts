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
