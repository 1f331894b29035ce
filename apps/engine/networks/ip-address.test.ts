import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addressBytes,
  formatAddress,
  formatSubnet,
  holds,
  lastAddress,
  overlaps,
  parseAddress,
  parseCidr,
  subnetOf,
} from './ip-address.ts';

test('IPv4 addresses survive parsing and formatting', () => {
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      const { family, value } = parseAddress(text)!;
      expect(formatAddress(family, value)).toBe(text);
    }),
  );
});

test('IPv6 addresses come out in their short form, which means the same', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const { family, value } = parseAddress(text)!;
      const short = formatAddress(family, value);
      expect(isIPv6(short)).toBe(true);
      expect(parseAddress(short)).toEqual({ family, value });
    }),
  );
  for (const text of ['::', '::1', 'fd00::1', '2001:db8::1:0:0:1', '1:2:3:4:5:6:7:8', 'fe80::']) {
    expect(formatAddress(6, parseAddress(text)!.value)).toBe(text);
  }
});

test.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4/8', ' 1.2.3.4', 'fe80::1%eth0'])(
  '%j is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test('a CIDR keeps the address that was written, and its range', () => {
  const { subnet, address } = parseCidr('172.17.5.9/20')!;
  expect([formatSubnet(subnet), formatAddress(4, address), formatAddress(4, lastAddress(subnet))]).toEqual([
    '172.17.0.0/20',
    '172.17.5.9',
    '172.17.15.255',
  ]);
  expect(formatAddress(4, lastAddress(parseCidr('0.0.0.0/0')!.subnet))).toBe('255.255.255.255');
  expect(formatSubnet(parseCidr('fd00:1::5/64')!.subnet)).toBe('fd00:1::/64');
  for (const wrong of ['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8/8', 'fd00::/129', '10.0.0.0/-1'])
    expect(parseCidr(wrong), wrong).toBeUndefined();
});

test('ranges overlap exactly when one holds the start of the other', () => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }))
    .map(([address, length]) => subnetOf(4, BigInt(address), length));
  fc.assert(
    fc.property(range, range, (a, b) => {
      const either = holds(a, { family: 4, value: b.base }) || holds(b, { family: 4, value: a.base });
      expect(overlaps(a, b)).toBe(either);
    }),
  );
  expect(overlaps(parseCidr('0.0.0.0/0')!.subnet, parseCidr('::/0')!.subnet)).toBe(false);
});

test.each([
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['fd00::1:2', 'fd000000000000000000000000010002'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['fe80::', 'fe800000000000000000000000000000'],
  ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
  ['127.0.0.1', '7f000001'],
])('bytes of %s', (text, hex) => {
  expect(addressBytes(text)?.toString('hex')).toBe(hex);
});

test.each(['', 'fe80::1%eth0', 'localhost', '1::2::3', '[::1]'])('%j has no bytes', (text) => {
  expect(addressBytes(text)).toBeUndefined();
});
