import { expect, test } from 'vitest';
import { parsePorts } from './parse-ports.ts';

const wish = (containerPort: number, hostPort = 0, hostIp = '', hostPortEnd = hostPort, protocol = 'tcp') => ({
  containerPort,
  protocol,
  hostIp,
  hostPort,
  hostPortEnd,
});

test.each([
  ['plain', { '80/tcp': [{ HostIp: '', HostPort: '8080' }] }, {}, false, [wish(80, 8080)]],
  ['no protocol', { '80': [{ HostIp: '', HostPort: '8080' }] }, {}, false, [wish(80, 8080)]],
  ['random', { '80/tcp': [{ HostIp: '', HostPort: '0' }] }, {}, false, [wish(80)]],
  ['random by empty list', { '80/tcp': [] }, {}, false, [wish(80)]],
  ['host range', { '80/tcp': [{ HostIp: '', HostPort: '8000-8010' }] }, {}, false, [wish(80, 8000, '', 8010)]],
  ['address', { '80/udp': [{ HostIp: '127.0.0.1', HostPort: '1' }] }, {}, false, [wish(80, 1, '127.0.0.1', 1, 'udp')]],
  ['IPv6 in brackets', { '80/tcp': [{ HostIp: '[::1]', HostPort: '1' }] }, {}, false, [wish(80, 1, '::1')]],
  ['exposed only', {}, { '80/tcp': {} }, false, []],
  [
    'publish all',
    { '80/tcp': [{ HostIp: '', HostPort: '9' }] },
    { '80/tcp': {}, '90-91': {} },
    true,
    [wish(80, 9), wish(90), wish(91)],
  ],
  [
    'certain before random',
    { '1/tcp': [], '2/tcp': [{ HostIp: '', HostPort: '5' }] },
    {},
    false,
    [wish(2, 5), wish(1)],
  ],
])('%s', (_, PortBindings, exposed, PublishAllPorts, expected) => {
  expect(parsePorts({ PortBindings, PublishAllPorts }, exposed)).toEqual(expected);
});

test.each([
  ['0/tcp', ''],
  ['80/icmp', ''],
  ['80/tcp/x', ''],
  ['a', ''],
  ['-1', ''],
  ['9-8/tcp', ''],
  ['', ''],
  ['80/tcp', '65536'],
  ['80/tcp', '9-8'],
  ['80/tcp', ' 80'],
  ['80/tcp', '0x50'],
])('refuses %s from %s', (port, HostPort) => {
  const bindings = { PortBindings: { [port]: [{ HostIp: '', HostPort }] }, PublishAllPorts: false };
  expect(() => parsePorts(bindings, {})).toThrow('invalid port specification');
});

test('refuses names as addresses', () => {
  const bindings = { PortBindings: { '80/tcp': [{ HostIp: 'localhost', HostPort: '1' }] }, PublishAllPorts: false };
  expect(() => parsePorts(bindings, {})).toThrow('invalid IP address: localhost');
});

test('refuses ranges that repeat themselves without end', () => {
  const keys = Array.from({ length: 1000 }, (_, i) => [`${i + 1}-65535/tcp`, []]);
  expect(() => parsePorts({ PortBindings: Object.fromEntries(keys), PublishAllPorts: false }, {})).toThrow('too many');
  expect(() => parsePorts({ PortBindings: {}, PublishAllPorts: false }, Object.fromEntries(keys))).toThrow('too many');
});
