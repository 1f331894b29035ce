import { NETLINK, type NetlinkRequest, NetlinkSocket, NLM_F } from './netlink.ts';
import {
  attribute,
  nested,
  parseAttributes,
  textAttribute,
  textOf,
  u8Attribute,
  u32Attribute,
} from './netlink-message.ts';

/** A network link as a dump shows it. */
export interface Link {
  index: number;
  name: string;
  up: boolean;
  mtu: number;
  /** `aa:bb:…`; '' when it has none. */
  macAddress: string;
  /** Index of the bridge it belongs to, 0 when none. */
  master: number;
  /** For a veth end: index of the other end in its own namespace; 0 when none. */
  peer: number;
  /** `bridge`, `veth`, …; '' for hardware. */
  kind: string;
  /** A text that somebody gave it (ifalias), '' when none. */
  alias: string;
}

/** An address of a link. `address` is the local one, 4 or 16 bytes. */
export interface LinkAddress {
  index: number;
  address: Buffer;
  prefixLength: number;
}

/** A unicast route of the main table. */
export interface Route {
  /** 4 or 16 bytes; all zero for the default route. */
  destination: Buffer;
  prefixLength: number;
  /** Outgoing link, 0 when the route has none (multipath, unreachable). */
  index: number;
  metric: number;
}

/** rtnetlink in the namespace that the calling thread is in now. */
export class Rtnetlink {
  readonly #socket = new NetlinkSocket(NETLINK.ROUTE);

  /** Runs requests of the functions below in one system call, in order; each takes effect on its own. */
  run(...requests: NetlinkRequest[]): void {
    this.#socket.run(requests);
  }

  /**
   * Runs one request on a pool thread: for what waits for a grace period. Nothing else may be asked of this object
   * meanwhile.
   */
  async runInBackground(request: NetlinkRequest): Promise<void> {
    await this.#socket.queryInBackground({ ...request, flags: request.flags | NLM_F.ACK });
  }

  /** Errors: ENODEV. */
  link(name: string): Link {
    const body = Buffer.concat([linkHeader({}), textAttribute(IFLA.IFNAME, name)]);
    const [reply] = this.#socket.query({ type: RTM.GETLINK, flags: 0, body, subject: `link ${name}` });
    return parseLink(reply!.body);
  }

  links(): Link[] {
    return this.#dump(RTM.GETLINK, linkHeader({}), 'links').map(parseLink);
  }

  addresses(): LinkAddress[] {
    return this.#dump(RTM.GETADDR, Buffer.alloc(8), 'addresses').map(parseAddress);
  }

  routes(): Route[] {
    return this.#dump(RTM.GETROUTE, Buffer.alloc(12), 'routes').flatMap(parseRoute);
  }

  close(): void {
    this.#socket.close();
  }

  #dump(type: number, body: Buffer, subject: string): Buffer[] {
    return this.#socket.query({ type, flags: NLM_F.DUMP, body, subject }).map((reply) => reply.body);
  }
}

/**
 * A new bridge, down. Its MAC address is given because a bridge without one takes that of its lowest port. An MTU must be
 * set afterwards (setMtu): one given at creation is taken for the kernel's own choice and changes with the ports.
 */
export function newBridge(bridge: { name: string; macAddress: string }): NetlinkRequest {
  return newLink(`bridge ${bridge.name}`, [
    textAttribute(IFLA.IFNAME, bridge.name),
    attribute(IFLA.ADDRESS, macBytes(bridge.macAddress)),
    nested(IFLA.LINKINFO, textAttribute(IFLA_INFO.KIND, 'bridge')),
  ]);
}

/**
 * A veth pair: one end here in a bridge, the other in the namespace of `peer.namespaceFd`; both down, because an end
 * cannot be raised before the pair exists.
 */
export function newVeth(veth: {
  name: string;
  mtu: number;
  /** Index of the bridge. */
  master: number;
  peer: { name: string; namespaceFd: number; macAddress: string };
}): NetlinkRequest {
  const peer = Buffer.concat([
    linkHeader({}),
    textAttribute(IFLA.IFNAME, veth.peer.name),
    u32Attribute(IFLA.MTU, veth.mtu),
    attribute(IFLA.ADDRESS, macBytes(veth.peer.macAddress)),
    u32Attribute(IFLA.NET_NS_FD, veth.peer.namespaceFd),
  ]);
  const kind = textAttribute(IFLA_INFO.KIND, 'veth');
  const data = nested(IFLA_INFO.DATA, attribute(VETH_INFO_PEER, peer));
  return newLink(`veth ${veth.name}`, [
    textAttribute(IFLA.IFNAME, veth.name),
    u32Attribute(IFLA.MTU, veth.mtu),
    u32Attribute(IFLA.MASTER, veth.master),
    nested(IFLA.LINKINFO, kind, data),
  ]);
}

/**
 * Settings of a bridge port that is still down: frames may go back where they came from (a container that reaches
 * itself by a published port), and no IPv6 address of its own, which a port never needs. Isolated ports reach only
 * those that are not.
 */
export function setBridgePort(name: string, isolated = false): NetlinkRequest {
  const kind = textAttribute(IFLA_INFO.SLAVE_KIND, 'bridge');
  const data = nested(
    IFLA_INFO.SLAVE_DATA,
    u8Attribute(IFLA_BRPORT_MODE, 1),
    ...(isolated ? [u8Attribute(IFLA_BRPORT_ISOLATED, 1)] : []),
  );
  const noAddress = nested(
    IFLA.AF_SPEC,
    nested(AF_INET6, u8Attribute(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE)),
  );
  return changeLink(name, [nested(IFLA.LINKINFO, kind, data), noAddress]);
}

export function setUp(name: string): NetlinkRequest {
  return changeLink(name, [], IFF_UP);
}

export function setMtu(name: string, mtu: number): NetlinkRequest {
  return changeLink(name, [u32Attribute(IFLA.MTU, mtu)]);
}

/** Puts a link into the bridge with this index. */
export function setMaster(name: string, master: number): NetlinkRequest {
  return changeLink(name, [u32Attribute(IFLA.MASTER, master)]);
}

/** A text for people and programs that look at links (`ip -d link`), at most 255 bytes. */
export function setAlias(name: string, alias: string): NetlinkRequest {
  return changeLink(name, [attribute(IFLA.IFALIAS, Buffer.from(alias))]);
}

/** Moves a link out of the way of its name; it must be down. */
export function setName(index: number, name: string): NetlinkRequest {
  const body = Buffer.concat([linkHeader({ index }), textAttribute(IFLA.IFNAME, name)]);
  return { type: RTM.NEWLINK, flags: 0, body, subject: `link ${index}` };
}

/** By name or index. Slow (tens of ms: it waits for a grace period), thus in the background. Errors: ENODEV. */
export function deleteLink(link: string | number): NetlinkRequest {
  const body =
    typeof link === 'number'
      ? linkHeader({ index: link })
      : Buffer.concat([linkHeader({}), textAttribute(IFLA.IFNAME, link)]);
  return { type: RTM.DELLINK, flags: 0, body, subject: `delete link ${link}` };
}

/** Adds an IPv4 or IPv6 address by its length; an IPv6 one is usable at once (no duplicate detection). Errors: EEXIST. */
export function addAddress(link: {
  index: number;
  address: Buffer;
  prefixLength: number;
  broadcast?: Buffer;
}): NetlinkRequest {
  const header = Buffer.alloc(8);
  header.writeUInt8(familyOf(link.address), 0);
  header.writeUInt8(link.prefixLength, 1);
  if (link.address.length === 16) header.writeUInt8(IFA_F_NODAD, 2);
  header.writeUInt32LE(link.index, 4);
  const parts = [header, attribute(IFA.LOCAL, link.address), attribute(IFA.ADDRESS, link.address)];
  if (link.broadcast) parts.push(attribute(IFA.BROADCAST, link.broadcast));
  return {
    type: RTM.NEWADDR,
    flags: NLM_F.CREATE | NLM_F.EXCL,
    body: Buffer.concat(parts),
    subject: `address of link ${link.index}`,
  };
}

/** Adds the default route by a gateway, or, without one, by a link alone. Errors: EEXIST. */
export function addDefaultRoute(gateway: Buffer, index: number): NetlinkRequest {
  return defaultRoute(RTM.NEWROUTE, NLM_F.CREATE | NLM_F.EXCL, gateway, index);
}

/** Errors: ESRCH when there is none. */
export function deleteDefaultRoute(gateway: Buffer, index: number): NetlinkRequest {
  return defaultRoute(RTM.DELROUTE, 0, gateway, index);
}

/** A gateway of zeros only means the link itself. */
function defaultRoute(type: number, flags: number, gateway: Buffer, index: number): NetlinkRequest {
  const direct = gateway.every((byte) => byte === 0);
  const header = Buffer.alloc(12);
  header.writeUInt8(familyOf(gateway), 0);
  header.writeUInt8(RT_TABLE_MAIN, 4);
  header.writeUInt8(RTPROT_BOOT, 5);
  header.writeUInt8(direct ? RT_SCOPE_LINK : 0, 6);
  header.writeUInt8(RTN_UNICAST, 7);
  const way = direct ? [] : [attribute(RTA.GATEWAY, gateway)];
  const body = Buffer.concat([header, ...way, u32Attribute(RTA.OIF, index)]);
  return { type, flags, body, subject: 'default route' };
}

/** For the other kinds of links, in rtnetlink-links.ts. */
export function newLink(subject: string, attributes: Buffer[]): NetlinkRequest {
  const body = Buffer.concat([linkHeader({}), ...attributes]);
  return { type: RTM.NEWLINK, flags: NLM_F.CREATE | NLM_F.EXCL, body, subject };
}

function changeLink(name: string, attributes: Buffer[], flags = 0): NetlinkRequest {
  const body = Buffer.concat([linkHeader({ flags, change: flags }), textAttribute(IFLA.IFNAME, name), ...attributes]);
  return { type: RTM.NEWLINK, flags: 0, body, subject: `link ${name}` };
}

/** struct ifinfomsg */
function linkHeader(header: { index?: number; flags?: number; change?: number }): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeInt32LE(header.index ?? 0, 4);
  buffer.writeUInt32LE(header.flags ?? 0, 8);
  buffer.writeUInt32LE(header.change ?? 0, 12);
  return buffer;
}

function parseLink(body: Buffer): Link {
  const attributes = parseAttributes(body, 16);
  const info = attributes.get(IFLA.LINKINFO);
  const mac = attributes.get(IFLA.ADDRESS);
  return {
    index: body.readInt32LE(4),
    name: textOf(attributes.get(IFLA.IFNAME)),
    up: (body.readUInt32LE(8) & IFF_UP) !== 0,
    mtu: attributes.get(IFLA.MTU)?.readUInt32LE() ?? 0,
    macAddress: mac ? [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':') : '',
    master: attributes.get(IFLA.MASTER)?.readUInt32LE() ?? 0,
    peer: attributes.get(IFLA.LINK)?.readUInt32LE() ?? 0,
    kind: info ? textOf(parseAttributes(info).get(IFLA_INFO.KIND)) : '',
    alias: textOf(attributes.get(IFLA.IFALIAS)),
  };
}

function parseAddress(body: Buffer): LinkAddress {
  const attributes = parseAttributes(body, 8);
  return {
    index: body.readUInt32LE(4),
    address: attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS) ?? Buffer.alloc(0),
    prefixLength: body.readUInt8(1),
  };
}

function parseRoute(body: Buffer): Route[] {
  const attributes = parseAttributes(body, 12);
  const table = attributes.get(RTA.TABLE)?.readUInt32LE() ?? body.readUInt8(4);
  if (table !== RT_TABLE_MAIN || body.readUInt8(7) !== RTN_UNICAST) return [];
  const size = body.readUInt8(0) === AF_INET6 ? 16 : 4;
  return [
    {
      destination: attributes.get(RTA.DST) ?? Buffer.alloc(size),
      prefixLength: body.readUInt8(1),
      index: attributes.get(RTA.OIF)?.readUInt32LE() ?? 0,
      metric: attributes.get(RTA.PRIORITY)?.readUInt32LE() ?? 0,
    },
  ];
}

export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

function familyOf(address: Buffer): number {
  return address.length === 16 ? AF_INET6 : AF_INET;
}

const AF_INET = 2;
const AF_INET6 = 10;
const IFF_UP = 1;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;
const IFA_F_NODAD = 2;
const RT_SCOPE_LINK = 253;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;
/** linux/rtnetlink.h */
const RTM = {
  ...{ NEWLINK: 16, DELLINK: 17, GETLINK: 18, NEWADDR: 20, GETADDR: 22, NEWROUTE: 24, DELROUTE: 25, GETROUTE: 26 },
} as const;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, TABLE: 15 } as const;
/** linux/if_link.h */
export const IFLA = {
  ...{ ADDRESS: 1, IFNAME: 3, MTU: 4, LINK: 5, MASTER: 10, LINKINFO: 18, IFALIAS: 20, AF_SPEC: 26, NET_NS_FD: 28 },
} as const;
export const IFLA_INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const;
/** linux/if_addr.h */
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const;
