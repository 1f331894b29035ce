import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { addAddress, type Link, newBridge, type Rtnetlink, setAlias, setMtu, setUp } from '../../linux/rtnetlink.ts';
import { bytesOf, lastAddress } from '../ip-address.ts';
import type { NetworkRecord } from '../model.ts';
import { openPools } from '../pools.ts';
import type { LiveNetwork, Pool } from '../state.ts';
import { writeSysctl } from '../sysctl.ts';
import { type BridgeOptions, readBridgeOptions } from './options.ts';

/** What a bridge depends on besides its network. */
export interface BridgeFacts {
  /** Name of the default bridge's link. */
  defaultName: string;
  /** Of the host's way out. */
  uplinkMtu: number;
  /** Switch the kernel's forwarding on where it is off. */
  forward: boolean;
  /** Text on links of user-defined networks, by which a later engine finds its own. */
  alias: string;
}

/** Makes the link of a bridge network, or brings what is there into the right state. Idempotent. */
export function startBridge(route: Rtnetlink, network: NetworkRecord, facts: BridgeFacts): LiveNetwork {
  const { spec } = network;
  const options = readBridgeOptions(spec.options, spec.internal);
  const name = linkNameOf(network, facts.defaultName, options);
  const pools = openPools(network);
  const mtu = options.mtu ?? facts.uplinkMtu;
  const link = ensureLink(route, name, mtu, network.name === 'bridge' ? undefined : facts.alias);
  // The host would take router advertisements from containers, and send its own IPv6 traffic to them (CVE-2020-13401).
  writeSysctl(`net/ipv6/conf/${name}/accept_ra`, '0');
  writeSysctl(`net/ipv6/conf/${name}/disable_ipv6`, spec.ipv6 && options.mode6 !== 'isolated' ? '0' : '1');
  route.run(setUp(name));
  for (const pool of pools) addGateway(route, link.index, pool, options);
  // Replies to 127.0.0.1 of published ports come in here; the ruleset drops everything else to loopback addresses.
  writeSysctl(`net/ipv4/conf/${name}/route_localnet`, '1');
  if (facts.forward) {
    writeSysctl('net/ipv4/ip_forward', '1');
    if (spec.ipv6) forwardIpv6();
  }
  return { network, pools, mtu, link: { kind: 'bridge', name, index: link.index, options } };
}

export function linkNameOf(network: NetworkRecord, defaultName: string, options: Pick<BridgeOptions, 'name'>): string {
  return network.name === 'bridge' ? defaultName : (options.name ?? `br-${network.id.slice(0, 12)}`);
}

function addGateway(route: Rtnetlink, index: number, { subnet, gateway }: Pool, options: BridgeOptions): void {
  const mode = subnet.family === 4 ? options.mode4 : options.mode6;
  if (gateway === undefined || mode === 'isolated' || (subnet.family === 4 && options.inhibitIpv4)) return;
  const { family, prefixLength } = subnet;
  const broadcast = family === 4 ? { broadcast: bytesOf(4, lastAddress(subnet)) } : {};
  try {
    route.run(addAddress({ index, address: bytesOf(family, gateway), prefixLength, ...broadcast }));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * A host that forwards IPv6 no longer takes its own addresses and routes from router advertisements, unless it is told
 * to: links that did so go on doing so.
 */
function forwardIpv6(): void {
  if (read('net/ipv6/conf/all/forwarding') === '1') return;
  for (const name of linksWithSettings()) {
    if (read(`net/ipv6/conf/${name}/accept_ra`) === '1' && read(`net/ipv6/conf/${name}/disable_ipv6`) === '0')
      writeSysctl(`net/ipv6/conf/${name}/accept_ra`, '2');
  }
  writeSysctl('net/ipv6/conf/all/forwarding', '1');
}

function linksWithSettings(): string[] {
  try {
    return readdirSync('/proc/sys/net/ipv6/conf').filter((name) => name !== 'all' && name !== 'default');
  } catch {
    return []; // a kernel without IPv6
  }
}

function read(key: string): string {
  try {
    return readFileSync(`/proc/sys/${key}`, 'utf8').trim();
  } catch {
    return ''; // the link went meanwhile, or no IPv6
  }
}

function ensureLink(route: Rtnetlink, name: string, mtu: number, alias: string | undefined): Link {
  try {
    route.run(newBridge({ name, macAddress: macFor(alias === undefined ? undefined : name) }));
    if (alias !== undefined) route.run(setAlias(name, alias));
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

/** A bridge that was lost comes back with the address that containers have in their tables. */
function macFor(name: string | undefined): string {
  const bytes = name === undefined ? randomBytes(4) : createHash('sha256').update(name).digest().subarray(0, 4);
  return `02:42:${bytes.toString('hex').replace(/..(?!$)/g, '$&:')}`;
}
