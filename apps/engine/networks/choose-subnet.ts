import { BerthError } from '@berth/kit';
import { formatSubnet, lastAddress, overlaps, parseCidr, type Subnet, subnetOf } from './ip-address.ts';

/**
 * The first subnet of the pools that overlaps nothing in use. A pool begins at its base address, not at the start of
 * its range: Docker's `172.17.0.0/12` yields 172.17.0.0/16 first. Pools of the other family are passed over.
 * Errors: invalid (a malformed pool), conflict (all in use).
 */
export function chooseSubnet(pools: readonly { base: string; size: number }[], used: readonly Subnet[]): Subnet {
  for (const pool of pools) {
    const range = parseCidr(pool.base);
    const longest = range?.subnet.family === 6 ? 126 : 30;
    if (!range || pool.size < range.subnet.prefixLength || pool.size > longest) {
      throw new BerthError('invalid', `invalid address pool ${pool.base} size ${pool.size}`, {
        hint: 'A pool is a range in CIDR notation and a prefix length not shorter than the range, at most 30 (IPv6: 126).',
      });
    }
    const { family } = range.subnet;
    const end = lastAddress(range.subnet);
    let subnet = subnetOf(family, range.address, pool.size);
    // In order, so that hundreds of networks are walked past once and not once for each candidate.
    for (const other of inTheWay(used, range.subnet)) {
      if (lastAddress(other) < subnet.base) continue;
      if (other.base > lastAddress(subnet)) break;
      subnet = subnetOf(family, lastAddress(other), pool.size);
      subnet = subnetOf(family, lastAddress(subnet) + 1n, pool.size);
    }
    if (subnet.base <= end) return subnet;
  }
  throw new BerthError('conflict', 'all predefined address pools have been fully subnetted', {
    hint: `In use on this host: ${summary(used)}. Give the engine further ranges with --address-pool, or name a free one with --subnet.`,
  });
}

function inTheWay(used: readonly Subnet[], range: Subnet): Subnet[] {
  return used
    .filter((other) => overlaps(other, range))
    .sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
}

function summary(used: readonly Subnet[]): string {
  const shown = used.slice(0, 20).map(formatSubnet).join(', ');
  return used.length > 20 ? `${shown} and ${used.length - 20} more` : shown;
}
