import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import type { EngineConfig } from '../../config.ts';
import { addAddress, type Link, newBridge, type Rtnetlink, setMtu, setUp } from '../../linux/rtnetlink.ts';
import { AddressAllocator } from '../address-allocator.ts';
import { chooseSubnet } from '../choose-subnet.ts';
import {
  formatIpv4,
  formatSubnet,
  ipv4Bytes,
  lastAddress,
  overlaps,
  parseCidr,
  parseIpv4,
  type Subnet,
  subnetOf,
} from '../ip-address.ts';
import type { NetworkRecord, NetworkSpec } from '../model.ts';
import type { Bridge } from '../state.ts';

/** Makes the link of a bridge network, or brings what is there into the right state. Idempotent. */
export function startBridge(route: Rtnetlink, name: string, network: NetworkRecord): Bridge {
  const gateway = parseIpv4(network.spec.gateway);
  const subnet = parseCidr(network.spec.subnet)?.subnet;
  if (gateway === undefined || !subnet) throw new BerthError('internal', `network ${network.name} has no subnet`);
  const mtu = uplinkMtu(route);
  const link = ensureLink(route, name, mtu);
  // The host would take router advertisements from containers, and send its own IPv6 traffic to them (CVE-2020-13401).
  writeSysctl(`net/ipv6/conf/${name}/accept_ra`, '0');
  writeSysctl(`net/ipv6/conf/${name}/disable_ipv6`, '1');
  route.run(setUp(name));
  try {
    route.run(
      addAddress({
        index: link.index,
        address: ipv4Bytes(gateway),
        prefixLength: subnet.prefixLength,
        broadcast: ipv4Bytes(lastAddress(subnet)),
      }),
    );
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  // Replies to 127.0.0.1 of published ports come in here; the ruleset drops everything else to loopback addresses.
  writeSysctl(`net/ipv4/conf/${name}/route_localnet`, '1');
  writeSysctl('net/ipv4/ip_forward', '1');
  return {
    network,
    name,
    index: link.index,
    mtu,
    gateway,
    prefixLength: subnet.prefixLength,
    addresses: new AddressAllocator(subnet, gateway),
  };
}

/**
 * The addresses of the default bridge: as told, as before, or the first free ones.
 * Errors: invalid (malformed), conflict (in use by something else on this host).
 */
export function chooseBridgeAddresses(route: Rtnetlink, config: EngineConfig, before: NetworkSpec): NetworkSpec {
  const used = usedSubnets(route, config.bridge);
  if (config.bridgeSubnet !== undefined) {
    const told = parseCidr(config.bridgeSubnet);
    if (!told || told.subnet.prefixLength > 30)
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
    return specOf(told.subnet, told.address);
  }
  const earlier = parseCidr(before.subnet)?.subnet;
  if (earlier && !used.some((other) => overlaps(earlier, other))) return before;
  return specOf(chooseSubnet(config.addressPools, used), 0);
}

/** An address inside the range is taken as the gateway's; its first one otherwise. */
function specOf(subnet: Subnet, address: number): NetworkSpec {
  const gateway = address > subnet.base && address < lastAddress(subnet) ? address : subnet.base + 1;
  return { subnet: formatSubnet(subnet), gateway: formatIpv4(gateway) };
}

/** Ranges that the host reaches by its own links and routes, apart from this bridge. */
function usedSubnets(route: Rtnetlink, bridge: string): Subnet[] {
  const own = route.links().find((link) => link.name === bridge)?.index;
  const places = [
    ...route.routes().map(({ destination, prefixLength, index }) => ({ bytes: destination, prefixLength, index })),
    ...route.addresses().map(({ address, prefixLength, index }) => ({ bytes: address, prefixLength, index })),
  ];
  return places
    .filter(({ bytes, prefixLength, index }) => bytes.length === 4 && prefixLength > 0 && index !== own)
    .map(({ bytes, prefixLength }) => subnetOf(bytes.readUInt32BE(), prefixLength));
}

function ensureLink(route: Rtnetlink, name: string, mtu: number): Link {
  try {
    route.run(
      newBridge({
        name,
        macAddress: `02:42:${randomBytes(4)
          .toString('hex')
          .replace(/..(?!$)/g, '$&:')}`,
      }),
    );
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const link = route.link(name);
  if (link.kind !== 'bridge') {
    throw new BerthError('conflict', `the link ${name} exists and is not a bridge`, {
      hint: 'Remove it, or give the engine another bridge name.',
    });
  }
  route.run(setMtu(name, mtu));
  return link;
}

/** MTU of the link that the default route leaves by; 1500 without one. */
function uplinkMtu(route: Rtnetlink): number {
  const defaults = route
    .routes()
    .filter((entry) => entry.prefixLength === 0 && entry.destination.length === 4 && entry.index > 0);
  const best = defaults.sort((a, b) => a.metric - b.metric)[0];
  return route.links().find((link) => link.index === best?.index)?.mtu ?? 1500;
}

/** Writes only what differs: some hosts have /proc/sys read-only with the right values in it. */
function writeSysctl(key: string, value: string): void {
  const path = `/proc/sys/${key}`;
  if (key.startsWith('net/ipv6/') && !existsSync(path)) return; // a kernel without IPv6
  if (existsSync(path) && readFileSync(path, 'utf8').trim() === value) return;
  try {
    writeFileSync(path, value);
  } catch (cause) {
    throw new BerthError('unavailable', `cannot set ${key.replaceAll('/', '.')} to ${value}`, {
      hint: 'The engine needs root and a writable /proc/sys to connect containers.',
      cause,
    });
  }
}
