import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addressBytes,
  formatIpv4,
  formatSubnet,
  lastAddress,
  overlaps,
  parseCidr,
  parseIpv4,
  subnetOf,
} from './ip-address.ts';

test('IPv4 addresses survive parsing and formatting', () => {
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      expect(formatIpv4(parseIpv4(text)!)).toBe(text);
    }),
  );
});

test.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4/8', '::1', ' 1.2.3.4'])(
  '%j is no IPv4 address',
  (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  },
);

test('a CIDR keeps the address that was written, and its range', () => {
  const { subnet, address } = parseCidr('172.17.5.9/20')!;
  expect([formatSubnet(subnet), formatIpv4(address), formatIpv4(lastAddress(subnet))]).toEqual([
    '172.17.0.0/20',
    '172.17.5.9',
    '172.17.15.255',
  ]);
  expect(formatIpv4(lastAddress(parseCidr('0.0.0.0/0')!.subnet))).toBe('255.255.255.255');
  for (const wrong of ['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8/8', 'fd00::/8', '10.0.0.0/-1'])
    expect(parseCidr(wrong), wrong).toBeUndefined();
});

test('ranges overlap exactly when one holds the start of the other', () => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }))
    .map(([address, length]) => subnetOf(address, length));
  const holds = (a: { base: number; prefixLength: number }, address: number) =>
    address >= a.base && address <= lastAddress(a);
  fc.assert(
    fc.property(range, range, (a, b) => {
      expect(overlaps(a, b)).toBe(holds(a, b.base) || holds(b, a.base));
    }),
  );
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

test('IPv6 addresses have 16 bytes, however written', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      expect(addressBytes(text)).toHaveLength(16);
    }),
  );
});
