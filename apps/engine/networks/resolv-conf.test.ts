import { expect, test } from 'vitest';
import { hostResolvConf, resolvConfFor } from './resolv-conf.ts';

test('keeps servers, the last search line and all options', () => {
  const host =
    '# made by hand\ndomain old.example\nnameserver 10.0.0.53 # first\nnameserver 10.0.0.54\nsearch a.example b.example\noptions ndots:2\noptions rotate\n';
  expect(resolvConfFor(host)).toBe(
    'nameserver 10.0.0.53\nnameserver 10.0.0.54\nsearch a.example b.example\noptions ndots:2 rotate\n',
  );
});

test('leaves out what a container cannot reach', () => {
  expect(
    resolvConfFor(
      'nameserver 127.0.0.1\nnameserver ::1\nnameserver fe80::1%eth0\nnameserver 2001:db8::1\nnameserver 192.0.2.1\n',
    ),
  ).toBe('nameserver 192.0.2.1\n');
});

test.each(['', 'nameserver 127.0.0.53\n', 'nameserver\n', 'nameserver not-an-address\n; nameserver 10.0.0.1\n'])(
  'falls back to public servers for %j',
  (host) => {
    expect(resolvConfFor(host)).toBe('nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
  },
);

test('looks behind the stub of systemd-resolved', () => {
  const files = (stub: string) => (path: string) => (path === '/etc/resolv.conf' ? stub : 'nameserver 192.0.2.7\n');
  expect(hostResolvConf(files('nameserver 127.0.0.53\noptions edns0\n'))).toBe('nameserver 192.0.2.7\n');
  expect(hostResolvConf(files('nameserver 127.0.0.53\nnameserver 192.0.2.1\n'))).toContain('192.0.2.1');
  expect(hostResolvConf((path) => (path === '/etc/resolv.conf' ? 'nameserver 127.0.0.53\n' : ''))).toBe(
    'nameserver 127.0.0.53\n',
  );
});
