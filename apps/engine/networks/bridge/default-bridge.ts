import { BerthError } from '@berth/kit';
import type { EngineConfig } from '../../config.ts';
import type { Rtnetlink } from '../../linux/rtnetlink.ts';
import { uniqueLocalPool } from '../choose-pools.ts';
import { chooseSubnet } from '../choose-subnet.ts';
import {
  type Family,
  formatAddress,
  formatSubnet,
  holds,
  lastAddress,
  overlaps,
  parseAddress,
  parseCidr,
  type Subnet,
} from '../ip-address.ts';
import { GATEWAY_NAMES, type NetworkSpec, type PoolSpec } from '../model.ts';
import { usedSubnets } from '../used-subnets.ts';
import { BRIDGE, MTU } from './options.ts';

/**
 * The default bridge as the engine's settings have it; its subnets as told, as before, or the first free ones.
 * Errors: invalid (ranges that do not fit each other), conflict (in use by something else on this host).
 */
export function defaultBridgeSpec(route: Rtnetlink, config: EngineConfig, before: NetworkSpec): NetworkSpec {
  const used = usedSubnets(route, config.bridge);
  const pool = (family: Family) => choosePool(config, family, used, poolOf(before, family));
  return {
    ...before,
    ipv6: config.ipv6,
    options: defaultBridgeOptions(config),
    pools: config.ipv6 ? [pool(4), pool(6)] : [pool(4)],
  };
}

/** What the settings say, in the form of a network's options. */
function defaultBridgeOptions(config: EngineConfig): Record<string, string> {
  return {
    [`${BRIDGE}default_bridge`]: 'true',
    [`${BRIDGE}enable_icc`]: String(config.icc),
    [`${BRIDGE}enable_ip_masquerade`]: String(config.ipMasq),
    [`${BRIDGE}host_binding_ipv4`]: config.publishAddress,
    [`${BRIDGE}name`]: config.bridge,
    ...(config.mtu > 0 ? { [MTU]: String(config.mtu) } : {}),
  };
}

interface Told {
  /** Names of the settings, for errors. */
  names: { subnet: string; range: string; gateway: string };
  subnet: string | undefined;
  range: string | undefined;
  gateway: string | undefined;
}

function toldOf(config: EngineConfig, family: Family): Told {
  return family === 4
    ? {
        names: { subnet: 'bip', range: 'fixed-cidr', gateway: 'default-gateway' },
        ...{ subnet: config.bridgeSubnet, range: config.fixedCidr, gateway: config.defaultGateway },
      }
    : {
        names: { subnet: 'bip6', range: 'fixed-cidr-v6', gateway: 'default-gateway-v6' },
        ...{ subnet: config.bridgeSubnet6, range: config.fixedCidr6, gateway: config.defaultGateway6 },
      };
}

function choosePool(
  config: EngineConfig,
  family: Family,
  used: readonly Subnet[],
  before: PoolSpec | undefined,
): PoolSpec {
  const told = toldOf(config, family);
  const pool = { ...basePool(config, told, family, used, before), ipRange: '', aux: {} };
  const subnet = parseCidr(pool.subnet)!.subnet;
  const range = told.range === undefined ? undefined : parseCidr(told.range)?.subnet;
  if (range && !(holds(subnet, { family, value: range.base }) && range.prefixLength >= subnet.prefixLength))
    throw new BerthError(
      'invalid',
      `"${told.names.range}": ${told.range} is not a part of the bridge's ${pool.subnet}`,
    );
  if (told.gateway !== undefined && !holds(subnet, parseAddress(told.gateway) ?? { family, value: -1n }))
    throw new BerthError('invalid', `"${told.names.gateway}": ${told.gateway} is not in the bridge's ${pool.subnet}`);
  return {
    ...pool,
    ipRange: range && range.prefixLength > subnet.prefixLength ? formatSubnet(range) : '',
    aux: told.gateway === undefined ? {} : { [GATEWAY_NAMES[family]]: told.gateway },
  };
}

function basePool(
  config: EngineConfig,
  { names, subnet, range }: Told,
  family: Family,
  used: readonly Subnet[],
  before: PoolSpec | undefined,
): PoolSpec {
  const text = subnet ?? range;
  if (text !== undefined) {
    const setting = subnet === undefined ? names.range : names.subnet;
    const told = parseCidr(text);
    if (told?.subnet.family !== family || told.subnet.prefixLength > (family === 4 ? 30 : 126))
      throw new BerthError('invalid', `invalid bridge subnet ${text}`, {
        hint: `"${setting}" is an IPv${family} range in CIDR notation, at most ${family === 4 ? '/30, for example 172.20.0.0/16' : '/126'}.`,
      });
    const clash = used.find((other) => overlaps(told.subnet, other));
    if (clash)
      throw new BerthError(
        'conflict',
        `the bridge subnet ${text} overlaps ${formatSubnet(clash)}, which this host uses already`,
        { hint: 'Choose another subnet ("ip route" shows what is in use).' },
      );
    return poolFor(told.subnet, subnet === undefined ? 0n : told.address);
  }
  const earlier = parseCidr(before?.subnet ?? '')?.subnet;
  if (before && earlier && !used.some((other) => overlaps(earlier, other))) return before;
  const pools = config.addressPools.filter(({ base }) => parseCidr(base)?.subnet.family === family);
  return poolFor(
    chooseSubnet(pools.length === 0 && family === 6 ? [uniqueLocalPool(config.dataRoot)] : pools, used),
    0n,
  );
}

/** An address inside the range is taken as the bridge's; its first one otherwise. */
function poolFor(subnet: Subnet, address: bigint): PoolSpec {
  const { family } = subnet;
  const inside = holds(subnet, { family, value: address }) && address > subnet.base && address < lastAddress(subnet);
  const gateway = formatAddress(family, inside ? address : subnet.base + 1n);
  return { subnet: formatSubnet(subnet), gateway, ipRange: '', aux: {}, wished: false };
}

function poolOf({ pools }: NetworkSpec, family: Family): PoolSpec | undefined {
  return pools.find(({ subnet }) => subnet.includes(':') === (family === 6));
}
