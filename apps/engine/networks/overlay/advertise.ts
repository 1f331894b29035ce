import { isIPv4 } from 'node:net';
import { BerthError } from '@berth/kit';
import type { Rtnetlink } from '../../linux/rtnetlink.ts';
import { formatAddress } from '../ip-address.ts';
import { uplinkMtu } from '../used-subnets.ts';

/**
 * The IPv4 address that other hosts reach this one by: `advertise` is an address or the name of a link, a port behind it
 * means nothing; '' stands for the link of the default route. Errors: invalid (no such address or link).
 */
export function advertisedAddress(route: Rtnetlink, advertise: string): string {
  const wished = advertise.replace(/:\d+$/, '');
  const addresses = addressesOf(route);
  if (isIPv4(wished)) {
    if (addresses.some(({ address }) => address === wished)) return wished;
    throw new BerthError('invalid', `cluster-advertise: no link of this host has the address ${wished}`);
  }
  const index = wished === '' ? defaultLink(route) : route.links().find(({ name }) => name === wished)?.index;
  const found = addresses.find((one) => one.index === index && !one.address.startsWith('127.'));
  if (found) return found.address;
  const what = wished === '' ? 'the link of the default route' : `the link ${wished}`;
  throw new BerthError('invalid', `cluster-advertise: ${what} is not there or has no IPv4 address`, {
    hint: 'Name the address that the other hosts reach this one by.',
  });
}

/** MTU of the link that has this address. */
export function mtuOfAddress(route: Rtnetlink, address: string): number {
  const index = addressesOf(route).find((one) => one.address === address)?.index;
  return route.links().find((link) => link.index === index)?.mtu ?? uplinkMtu(route);
}

export function noClusterStore(): BerthError {
  return new BerthError('forbidden', 'networks over several hosts need a cluster store, and none is configured', {
    hint: 'Start etcd, and set cluster-store (etcd://HOST:2379) and cluster-advertise for each engine; see the guide.',
  });
}

function addressesOf(route: Rtnetlink): { index: number; address: string }[] {
  return route
    .addresses()
    .filter(({ address }) => address.length === 4)
    .map(({ index, address }) => ({ index, address: formatAddress(4, BigInt(`0x${address.toString('hex')}`)) }));
}

function defaultLink(route: Rtnetlink): number | undefined {
  const ways = route
    .routes()
    .filter(({ destination, prefixLength, index }) => prefixLength === 0 && destination.length === 4 && index > 0);
  return ways.sort((a, b) => a.metric - b.metric)[0]?.index;
}
