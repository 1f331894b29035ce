import { expect, test } from 'vitest';
import { AddressAllocator } from './address-allocator.ts';
import { formatAddress, parseAddress, parseCidr } from './ip-address.ts';

const ip = (text: string) => parseAddress(text)!.value;
const allocator = (cidr: string, reserved: string[], range?: string) =>
  new AddressAllocator(parseCidr(cidr)!.subnet, {
    reserved: reserved.map(ip),
    range: range === undefined ? undefined : parseCidr(range)!.subnet,
  });
const take = (from: AddressAllocator, family: 4 | 6 = 4) => formatAddress(family, from.take());

test('gives addresses in order, without network, gateway and broadcast address', () => {
  const addresses = allocator('10.0.0.0/29', ['10.0.0.3']);
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
  const addresses = allocator('10.0.0.0/29', ['10.0.0.1']);
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
  const addresses = allocator('10.0.0.0/24', ['10.0.0.1']);
  for (const text of ['10.0.0.7', '10.0.0.4', '10.0.0.254']) addresses.adopt(ip(text));
  expect([take(addresses), take(addresses)]).toEqual(['10.0.0.8', '10.0.0.9']);
});

test('chooses from a part of the subnet, and gives others of it by name only once', () => {
  const addresses = allocator('10.0.0.0/24', ['10.0.0.1', '10.0.0.65'], '10.0.0.64/30');
  expect([1, 2, 3].map(() => take(addresses))).toEqual(['10.0.0.64', '10.0.0.66', '10.0.0.67']);
  expect(() => addresses.take()).toThrow('no available IPv4 addresses');
  expect([addresses.takeThis(ip('10.0.0.9')), addresses.takeThis(ip('10.0.0.9'))]).toEqual([true, false]);
});

test('a large IPv6 range costs nothing', () => {
  const addresses = allocator('fd00::/64', ['fd00::1']);
  expect([take(addresses, 6), take(addresses, 6)]).toEqual(['fd00::2', 'fd00::3']);
});
