import type { NetlinkRequest } from './netlink.ts';
import { attribute, nested, textAttribute, u8Attribute, u32Attribute } from './netlink-message.ts';
import { IFLA, IFLA_INFO, macBytes, newLink } from './rtnetlink.ts';

/** What links on top of another one (`parent`, an index) have in common. They are made in the namespace of `namespaceFd`. */
export interface ChildLink {
  name: string;
  parent: number;
  mtu: number;
  namespaceFd: number;
}

/** `private`, `vepa`, `bridge`, `passthru` (linux/if_link.h, MACVLAN_MODE_*). */
export const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;

/** Errors: EOPNOTSUPP (the kernel has no macvlan), EBUSY (the parent is used exclusively), EINVAL (a loopback parent). */
export function newMacvlan(link: ChildLink & { macAddress: string; mode: keyof typeof MACVLAN_MODES }): NetlinkRequest {
  return childLink('macvlan', link, [u32Attribute(1, MACVLAN_MODES[link.mode])], link.macAddress);
}

/** IPVLAN_MODE_* and flags of linux/if_link.h. */
export const IPVLAN_MODES = { l2: 0, l3: 1, l3s: 2 } as const;
export const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

/** Errors: EOPNOTSUPP (the kernel has no ipvlan), EBUSY (the parent is used by macvlan). */
export function newIpvlan(
  link: ChildLink & { mode: keyof typeof IPVLAN_MODES; flag: keyof typeof IPVLAN_FLAGS },
): NetlinkRequest {
  return childLink('ipvlan', link, [
    u16Attribute(1, IPVLAN_MODES[link.mode]),
    u16Attribute(2, IPVLAN_FLAGS[link.flag]),
  ]);
}

/** An 802.1Q link in the host. Errors: EOPNOTSUPP (the kernel has no VLANs). */
export function newVlan(link: { name: string; parent: number; tag: number }): NetlinkRequest {
  const kind = textAttribute(IFLA_INFO.KIND, 'vlan');
  return newLink(`vlan ${link.name}`, [
    textAttribute(IFLA.IFNAME, link.name),
    u32Attribute(IFLA.LINK, link.parent),
    nested(IFLA.LINKINFO, kind, nested(IFLA_INFO.DATA, u16Attribute(1, link.tag))),
  ]);
}

/** A link that leads nowhere, as parent of networks that have no way out. Errors: EOPNOTSUPP. */
export function newDummy(name: string): NetlinkRequest {
  return newLink(`dummy ${name}`, [
    textAttribute(IFLA.IFNAME, name),
    nested(IFLA.LINKINFO, textAttribute(IFLA_INFO.KIND, 'dummy')),
  ]);
}

/** Two links of the host that lead to each other; with one of them goes the other. */
export function newPair(name: string, peer: string): NetlinkRequest {
  const peerLink = Buffer.concat([Buffer.alloc(16), textAttribute(IFLA.IFNAME, peer)]);
  return newLink(`veth ${name}`, [
    textAttribute(IFLA.IFNAME, name),
    nested(
      IFLA.LINKINFO,
      textAttribute(IFLA_INFO.KIND, 'veth'),
      nested(IFLA_INFO.DATA, attribute(VETH_INFO_PEER, peerLink)),
    ),
  ]);
}

/**
 * A VXLAN link (RFC 7348) that learns nothing by itself: who is behind which host is told to it (rtnetlink-neighbours.ts),
 * and it answers ARP and neighbour solicitations for those in their place. `local`: IPv4 address of this host's end.
 * Errors: EOPNOTSUPP (the kernel has no VXLAN), EEXIST (the name, or another link with this number).
 */
export function newVxlan(link: {
  name: string;
  vni: number;
  local: Buffer;
  port: number;
  mtu: number;
}): NetlinkRequest {
  const port = Buffer.alloc(2);
  port.writeUInt16BE(link.port);
  return newLink(`vxlan ${link.name}`, [
    textAttribute(IFLA.IFNAME, link.name),
    u32Attribute(IFLA.MTU, link.mtu),
    nested(
      IFLA.LINKINFO,
      textAttribute(IFLA_INFO.KIND, 'vxlan'),
      nested(
        IFLA_INFO.DATA,
        u32Attribute(IFLA_VXLAN.ID, link.vni),
        attribute(IFLA_VXLAN.LOCAL, link.local),
        u8Attribute(IFLA_VXLAN.LEARNING, 0),
        u8Attribute(IFLA_VXLAN.PROXY, 1),
        attribute(IFLA_VXLAN.PORT, port),
      ),
    ),
  ]);
}

/** linux/if_link.h */
const IFLA_VXLAN = { ID: 1, LOCAL: 4, LEARNING: 7, PROXY: 11, PORT: 15 } as const;
const VETH_INFO_PEER = 1;

function childLink(kind: string, link: ChildLink, data: Buffer[], macAddress?: string): NetlinkRequest {
  return newLink(`${kind} ${link.name}`, [
    textAttribute(IFLA.IFNAME, link.name),
    u32Attribute(IFLA.LINK, link.parent),
    u32Attribute(IFLA.MTU, link.mtu),
    u32Attribute(IFLA.NET_NS_FD, link.namespaceFd),
    ...(macAddress === undefined ? [] : [attribute(IFLA.ADDRESS, macBytes(macAddress))]),
    nested(IFLA.LINKINFO, textAttribute(IFLA_INFO.KIND, kind), nested(IFLA_INFO.DATA, ...data)),
  ]);
}

function u16Attribute(type: number, value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value);
  return attribute(type, buffer);
}
