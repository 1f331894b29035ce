import { expect, test } from 'vitest';
import { proxyEnvironment } from './proxies.ts';

const none = { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined };

test('settings win over the environment', () => {
  const env = { HTTP_PROXY: 'http://a', https_proxy: 'http://b', no_proxy: 'x', PATH: '/bin' };
  expect(proxyEnvironment({ ...none, httpProxy: 'http://c', noProxy: '10.0.0.1' }, env)).toEqual({
    ...{ PATH: '/bin', https_proxy: 'http://b' },
    ...{ HTTP_PROXY: 'http://c', http_proxy: 'http://c', NO_PROXY: '10.0.0.1', no_proxy: '10.0.0.1' },
  });
});

test.each([
  ['10.1.2.3/8', '10.0.0.0-10.255.255.255'],
  ['192.168.4.0/22, 10.0.0.7/32', '192.168.4.0-192.168.7.255,10.0.0.7-10.0.0.7'],
  ['0.0.0.0/0', '0.0.0.0-255.255.255.255'],
  ['example.org registry', 'example.org,.example.org,registry,.registry'],
  ['.example.org,*.example.org,*', '.example.org,*.example.org,*'],
  [
    '10.0.0.1,10.0.0.1-10.0.0.9,example.org:5000,::1,fd00::/8',
    '10.0.0.1,10.0.0.1-10.0.0.9,example.org:5000,::1,fd00::/8',
  ],
  ['10.0.0.0/33,x/8', '10.0.0.0/33,x/8'],
  ['', ''],
])('NO_PROXY %s', (told, read) => {
  expect(proxyEnvironment(none, { NO_PROXY: told })).toEqual({ NO_PROXY: read });
});
