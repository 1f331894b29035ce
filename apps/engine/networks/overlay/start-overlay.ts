import { BerthError, errnoOf } from '@berth/kit';
import { type Rtnetlink, setAlias, setMaster, setMtu, setUp } from '../../linux/rtnetlink.ts';
import { newVxlan } from '../../linux/rtnetlink-links.ts';
import { startBridge } from '../bridge/start-bridge.ts';
import { addressBytes } from '../ip-address.ts';
import type { NetworkRecord } from '../model.ts';
import type { LiveNetwork } from '../state.ts';
import { writeSysctl } from '../sysctl.ts';

/** What a network over several hosts depends on besides itself. */
export interface OverlayFacts {
  /** IPv4 address of this host's end of the tunnel, and the UDP port of all ends. */
  vtep: string;
  port: number;
  /** Of the link with that address. */
  uplinkMtu: number;
  forward: boolean;
  alias: string;
}

/** Outer Ethernet, IPv4, UDP and VXLAN headers. */
const OVERHEAD = 50;

/**
 * Makes a network's bridge on this host with a VXLAN link in it, or finds them. The bridge has the network's gateway
 * address, and the same MAC address, on every host: containers leave by the host that they are on. Idempotent.
 * Errors: not-supported (the kernel has no VXLAN), conflict (the network's number is used by another link).
 */
export function startOverlay(route: Rtnetlink, network: NetworkRecord, facts: OverlayFacts): LiveNetwork {
  const uplinkMtu = facts.uplinkMtu - OVERHEAD;
  const { forward, alias } = facts;
  const bridge = startBridge(route, network, { defaultName: '', uplinkMtu, forward, alias });
  if (bridge.link.kind !== 'bridge') throw new BerthError('internal', 'a bridge is no bridge');
  const name = vxlanNameOf(network);
  try {
    const local = addressBytes(facts.vtep)!;
    route.run(
      newVxlan({ name, vni: network.spec.vni ?? 0, local, port: facts.port, mtu: bridge.mtu }),
      setAlias(name, alias),
    );
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw refused(error, network);
  }
  const found = route.links().find((link) => link.name === name);
  if (!found) throw refused(undefined, network);
  // Its neighbours of IPv6 are kept only where IPv6 is on.
  writeSysctl(`net/ipv6/conf/${name}/disable_ipv6`, network.spec.ipv6 ? '0' : '1');
  if (found.master !== bridge.link.index) route.run(setMaster(name, bridge.link.index));
  route.run(setMtu(name, bridge.mtu), setUp(name));
  return { ...bridge, link: { ...bridge.link, tunnel: { name, index: found.index } } };
}

export function vxlanNameOf({ id }: Pick<NetworkRecord, 'id'>): string {
  return `vx-${id.slice(0, 12)}`;
}

function refused(cause: unknown, { name, spec }: NetworkRecord): unknown {
  switch (errnoOf(cause)) {
    case 'EOPNOTSUPP':
    case 'ENOTSUP':
      return new BerthError('not-supported', `cannot make network ${name}: the kernel has no VXLAN`, { cause });
    case 'EADDRNOTAVAIL':
    case undefined:
      return new BerthError(
        'conflict',
        `cannot make network ${name}: another link of this host has the VXLAN number ${spec.vni}`,
        { cause },
      );
    default:
      return cause;
  }
}
