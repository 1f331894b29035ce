import { BerthError } from '@berth/kit';
import { formatSubnet, lastAddress, overlaps, parseCidr, type Subnet, subnetOf } from './ip-address.ts';

/**
 * The first subnet of the pools that overlaps nothing in use. A pool begins at its base address, not at the start of
 * its range: Docker's `172.17.0.0/12` yields 172.17.0.0/16 first.
 * Errors: invalid (a malformed pool), conflict (all in use).
 */
export function chooseSubnet(pools: readonly { base: string; size: number }[], used: readonly Subnet[]): Subnet {
  for (const pool of pools) {
    const range = parseCidr(pool.base);
    if (!range || pool.size < range.subnet.prefixLength || pool.size > 30) {
      throw new BerthError('invalid', `invalid address pool ${pool.base} size ${pool.size}`, {
        hint: 'A pool is an IPv4 range in CIDR notation and a prefix length not shorter than the range, at most 30.',
      });
    }
    const end = lastAddress(range.subnet);
    for (let subnet = subnetOf(range.address, pool.size); subnet.base <= end; subnet = next(subnet)) {
      if (!used.some((other) => overlaps(subnet, other))) return subnet;
    }
  }
  throw new BerthError('conflict', 'all predefined address pools have been fully subnetted', {
    hint: `In use on this host: ${used.map(formatSubnet).join(', ')}. Set bridgeSubnet or addressPools to free ranges.`,
  });
}

function next(subnet: Subnet): Subnet {
  return { ...subnet, base: lastAddress(subnet) + 1 };
}
