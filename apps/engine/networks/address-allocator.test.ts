import { expect, test } from 'vitest';
import { AddressAllocator } from './address-allocator.ts';
import { formatIpv4, parseCidr, parseIpv4 } from './ip-address.ts';

const ip = (text: string) => parseIpv4(text)!;
const allocator = (cidr: string, gateway: string) => new AddressAllocator(parseCidr(cidr)!.subnet, ip(gateway));
const take = (from: AddressAllocator) => formatIpv4(from.take());

test('gives addresses in order, without network, gateway and broadcast address', () => {
  const addresses = allocator('10.0.0.0/29', '10.0.0.3');
  expect([1, 2, 3, 4, 5].map(() => take(addresses))).toEqual([
    '10.0.0.1',
    '10.0.0.2',
    '10.0.0.4',
    '10.0.0.5',
    '10.0.0.6',
  ]);
  expect(() => addresses.take()).toThrow('no available IPv4 addresses');
});

test('a freed address comes back last', () => {
  const addresses = allocator('10.0.0.0/29', '10.0.0.1');
  const first = addresses.take();
  addresses.release(first);
  expect([1, 2, 3, 4, 5].map(() => take(addresses))).toEqual([
    '10.0.0.3',
    '10.0.0.4',
    '10.0.0.5',
    '10.0.0.6',
    '10.0.0.2',
  ]);
});

test('an adopted address is not given out, and not followed by one that was just in use', () => {
  const addresses = allocator('10.0.0.0/24', '10.0.0.1');
  for (const text of ['10.0.0.7', '10.0.0.4', '10.0.0.254']) addresses.adopt(ip(text));
  expect([take(addresses), take(addresses)]).toEqual(['10.0.0.8', '10.0.0.9']);
});
