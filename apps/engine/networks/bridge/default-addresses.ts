import { BerthError } from '@berth/kit';
import type { EngineConfig } from '../../config.ts';
import type { Rtnetlink } from '../../linux/rtnetlink.ts';
import { chooseSubnet } from '../choose-subnet.ts';
import { formatAddress, formatSubnet, holds, lastAddress, overlaps, parseCidr, type Subnet } from '../ip-address.ts';
import type { PoolSpec } from '../model.ts';
import { usedSubnets } from '../used-subnets.ts';

/**
 * The addresses of the default bridge: as told, as before, or the first free ones.
 * Errors: invalid (malformed), conflict (in use by something else on this host).
 */
export function chooseBridgeAddresses(route: Rtnetlink, config: EngineConfig, before: PoolSpec | undefined): PoolSpec {
  const used = usedSubnets(route, config.bridge);
  if (config.bridgeSubnet !== undefined) {
    const told = parseCidr(config.bridgeSubnet);
    if (told?.subnet.family !== 4 || told.subnet.prefixLength > 30)
      throw new BerthError('invalid', `invalid bridge subnet ${config.bridgeSubnet}`, {
        hint: 'It is an IPv4 range in CIDR notation, at most /30, for example 172.20.0.0/16.',
      });
    const clash = used.find((other) => overlaps(told.subnet, other));
    if (clash)
      throw new BerthError(
        'conflict',
        `the bridge subnet ${config.bridgeSubnet} overlaps ${formatSubnet(clash)}, which this host uses already`,
        { hint: 'Choose another subnet ("ip route" shows what is in use).' },
      );
    return poolOf(told.subnet, told.address);
  }
  const earlier = parseCidr(before?.subnet ?? '')?.subnet;
  if (before && earlier && !used.some((other) => overlaps(earlier, other))) return before;
  const pools = config.addressPools.filter(({ base }) => parseCidr(base)?.subnet.family !== 6);
  return poolOf(chooseSubnet(pools, used), 0n);
}

/** An address inside the range is taken as the gateway's; its first one otherwise. */
function poolOf(subnet: Subnet, address: bigint): PoolSpec {
  const inside = holds(subnet, { family: 4, value: address }) && address > subnet.base && address < lastAddress(subnet);
  const gateway = formatAddress(4, inside ? address : subnet.base + 1n);
  return { subnet: formatSubnet(subnet), gateway, ipRange: '', aux: {}, wished: false };
}
