import { expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../config.ts';
import { chooseSubnet } from './choose-subnet.ts';
import { formatSubnet, parseCidr } from './ip-address.ts';

const choose = (pools: { base: string; size: number }[], ...used: string[]) =>
  formatSubnet(
    chooseSubnet(
      pools,
      used.map((text) => parseCidr(text)!.subnet),
    ),
  );

test('begins where Docker does', () => {
  expect(choose(DEFAULT_CONFIG.addressPools)).toBe('172.17.0.0/16');
});

test('passes over ranges that are used in whole or in part', () => {
  expect(choose(DEFAULT_CONFIG.addressPools, '172.17.9.0/24', '172.18.0.0/15')).toBe('172.20.0.0/16');
  expect(choose([{ base: '10.0.0.0/8', size: 24 }], '10.0.0.0/9')).toBe('10.128.0.0/24');
  expect(choose([{ base: 'fd00::/48', size: 64 }], 'fd00::/64', 'fd00:0:0:1::5/128')).toBe('fd00:0:0:2::/64');
});

test('goes on with the next pool, and says what is used when all are', () => {
  expect(choose(DEFAULT_CONFIG.addressPools, '172.16.0.0/12', '192.168.0.0/24')).toBe('192.168.16.0/20');
  expect(() => choose([{ base: '10.0.0.0/24', size: 24 }], '10.0.0.128/25')).toThrow(
    expect.objectContaining({ code: 'conflict', hint: expect.stringContaining('10.0.0.128/25') }),
  );
});

test.each([
  { base: 'fd00::/8', size: 127 },
  { base: '10.0.0.0/16', size: 8 },
  { base: '10.0.0.0/16', size: 31 },
])('refuses the pool $base size $size', (pool) => {
  expect(() => choose([pool])).toThrow('invalid address pool');
});
