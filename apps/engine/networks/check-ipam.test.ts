import { expect, test } from 'vitest';
import { checkIpam } from './check-ipam.ts';

const pool = (subnet: string, more: object = {}) => ({ subnet, ipRange: '', gateway: '', aux: {}, ...more });

test('what fits passes', () => {
  checkIpam(
    [
      pool('10.0.0.0/24', { ipRange: '10.0.0.128/25', gateway: '10.0.0.1', aux: { a: '10.0.0.2' } }),
      pool('fd00::/64', { gateway: 'fd00::1' }),
    ],
    true,
  );
});

test.each([
  [pool('10.0.0.0'), 'invalid subnet 10.0.0.0: invalid CIDR block notation'],
  [pool('10.0.0.5/24'), 'invalid subnet 10.0.0.5/24: it should be 10.0.0.0/24'],
  [pool('10.0.0.0/24', { ipRange: 'fd00::/64' }), 'invalid ip-range fd00::/64: parent subnet is an IPv4 block'],
  [
    pool('10.0.0.0/24', { ipRange: '10.0.0.0/16' }),
    'invalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24',
  ],
  [pool('10.0.0.0/24', { ipRange: '10.0.0.9/28' }), 'invalid ip-range 10.0.0.9/28: it should be 10.0.0.0/28'],
  [pool('10.0.0.0/24', { gateway: 'x' }), 'invalid gateway x: invalid address'],
  [pool('fd00::/64', { gateway: '10.0.0.1' }), 'invalid gateway 10.0.0.1: parent subnet is an IPv6 block'],
  [
    pool('10.0.0.0/24', { aux: { p: '10.0.1.1' } }),
    "invalid auxiliary address p: parent subnet 10.0.0.0/24 doesn't contain this address",
  ],
])('%j: %s', (config, sentence) => {
  expect(() => checkIpam([config], true)).toThrow(`invalid network config:\n${sentence}`);
});

test('IPv6 subnets of a network without IPv6 are passed over', () => {
  checkIpam([pool('fd00::5/64')], false);
});
