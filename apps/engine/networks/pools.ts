import { AddressAllocator } from './address-allocator.ts';
import { type Family, holds, parseAddress, parseCidr } from './ip-address.ts';
import type { NetworkRecord, PoolSpec } from './model.ts';
import type { LiveNetwork, Pool } from './state.ts';

/** The subnets of a network, with nobody in them but the gateways. */
export function openPools(network: NetworkRecord): Pool[] {
  return network.spec.pools.flatMap((spec) => openPool(spec) ?? []);
}

/** The subnets of one family. */
export function poolsOf(live: LiveNetwork, family: Family): Pool[] {
  return live.pools.filter((pool) => pool.subnet.family === family);
}

/** Gives an address back that a container had. */
export function releaseAddress(live: LiveNetwork | undefined, text: string): void {
  const address = parseAddress(text);
  if (!address) return;
  live?.pools.find((pool) => holds(pool.subnet, address))?.addresses.release(address.value);
}

/** Notes that a container has an address. */
export function adoptAddress(live: LiveNetwork | undefined, text: string): void {
  const address = parseAddress(text);
  if (!address) return;
  live?.pools.find((pool) => holds(pool.subnet, address))?.addresses.adopt(address.value);
}

function openPool(spec: PoolSpec): Pool | undefined {
  const subnet = parseCidr(spec.subnet)?.subnet;
  if (!subnet) return undefined;
  const range = parseCidr(spec.ipRange)?.subnet;
  const gateway = parseAddress(spec.gateway)?.value;
  const aux = Object.values(spec.aux).flatMap((text) => parseAddress(text)?.value ?? []);
  return {
    subnet,
    gateway,
    addresses: new AddressAllocator(subnet, { range, reserved: [...(gateway === undefined ? [] : [gateway]), ...aux] }),
    choice: spec.wished ? subnet : undefined,
  };
}
