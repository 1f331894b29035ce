import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import { chooseSubnet } from './choose-subnet.ts';
import type { IpamWish } from './create-body.ts';
import {
  type Family,
  formatAddress,
  formatSubnet,
  lastAddress,
  overlaps,
  parseAddress,
  parseCidr,
  type Subnet,
} from './ip-address.ts';
import type { NetworkRecord, NetworkSpec, PoolSpec } from './model.ts';
import { kernelOf, type NetworksState } from './state.ts';
import { usedSubnets } from './used-subnets.ts';

/**
 * The subnets of a new network: those that the user named, and of each family that is on and has none, the first free
 * one. Errors: forbidden (`Pool overlaps with other one on this address space`), invalid, conflict (all in use).
 */
export function choosePools(
  state: NetworksState,
  wish: Pick<NetworkSpec, 'ipv4' | 'ipv6'> & { driver: NetworkRecord['driver'] },
  config: IpamWish['config'],
): PoolSpec[] {
  const named = config.flatMap((pool) => {
    const subnet = parseCidr(pool.subnet)?.subnet;
    const on = subnet?.family === 4 ? wish.ipv4 : wish.ipv6;
    return subnet && on ? [{ ...pool, parsed: subnet }] : [];
  });
  const others = ownSubnets(state);
  const pools = named.map(({ parsed, ...pool }, index) => {
    const before = [...others, ...named.slice(0, index).map((other) => other.parsed)];
    if (before.some((other) => overlaps(parsed, other))) {
      throw new BerthError('forbidden', 'invalid pool request: Pool overlaps with other one on this address space', {
        hint: `${formatSubnet(parsed)} overlaps another network's subnet ("network inspect" shows them).`,
      });
    }
    return { ...pool, gateway: gatewayFor(parsed, pool), wished: true };
  });
  for (const family of [4, 6] as const) {
    const on = family === 4 ? wish.ipv4 : wish.ipv6;
    if (on && !named.some(({ parsed }) => parsed.family === family)) pools.push(freePool(state, family, others));
  }
  return pools.sort((a, b) => Number(a.subnet.includes(':')) - Number(b.subnet.includes(':')));
}

function freePool(state: NetworksState, family: Family, others: readonly Subnet[]): PoolSpec {
  const used = [...usedSubnets(kernelOf(state).route), ...others].filter((subnet) => subnet.family === family);
  const told = state.config.addressPools.filter(({ base }) => parseCidr(base)?.subnet.family === family);
  const subnet = chooseSubnet(
    family === 6 && told.length === 0 ? [uniqueLocalPool(state.config.dataRoot)] : told,
    used,
  );
  const gateway = formatAddress(family, subnet.base + 1n);
  return { subnet: formatSubnet(subnet), gateway, ipRange: '', aux: {}, wished: false };
}

/** Subnets of all networks here, also of those whose link is not there now. */
function ownSubnets(state: NetworksState): Subnet[] {
  return [...state.networks.values()]
    .filter((network) => !network.spec.configOnly)
    .flatMap((network) => network.spec.pools)
    .flatMap((pool) => parseCidr(pool.subnet)?.subnet ?? []);
}

/** The wished one, else the first address that is nothing else, of the part that is to be chosen from. */
function gatewayFor(subnet: Subnet, pool: IpamWish['config'][number]): string {
  const { family } = subnet;
  if (pool.gateway !== '') return formatAddress(family, parseAddress(pool.gateway)!.value);
  const range = parseCidr(pool.ipRange)?.subnet ?? subnet;
  const aux = new Set(Object.values(pool.aux).flatMap((text) => parseAddress(text)?.value ?? []));
  const last =
    family === 4 && lastAddress(range) === lastAddress(subnet) ? lastAddress(range) - 1n : lastAddress(range);
  let address = range.base === subnet.base ? range.base + 1n : range.base;
  while (aux.has(address)) address++;
  if (address > last) {
    throw new BerthError('invalid', `no room for a gateway in ${formatSubnet(range)}`, {
      hint: 'Name a larger subnet, or give the gateway with --gateway.',
    });
  }
  return formatAddress(family, address);
}

/** A /48 of the unique local range (RFC 4193) that is this machine's and this engine's, always the same. */
export function uniqueLocalPool(dataRoot: string): { base: string; size: number } {
  const digest = createHash('sha256').update(`${machineId()} ${dataRoot}`).digest('hex');
  return { base: `fd${digest.slice(0, 2)}:${digest.slice(2, 6)}:${digest.slice(6, 10)}::/48`, size: 64 };
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return ''; // the data root then tells engines apart
  }
}
