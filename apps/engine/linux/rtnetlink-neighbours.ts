import { type NetlinkRequest, NLM_F } from './netlink.ts';
import { attribute } from './netlink-message.ts';
import { macBytes } from './rtnetlink.ts';

/** A VXLAN link (by index) sends frames for this MAC address to that host. Takes the place of what it knew. */
export function setForwarding(index: number, mac: string, host: Buffer): NetlinkRequest {
  const body = Buffer.concat([
    header(AF_BRIDGE, index, NTF_SELF),
    attribute(NDA.LLADDR, macBytes(mac)),
    attribute(NDA.DST, host),
  ]);
  return { type: RTM_NEWNEIGH, flags: NLM_F.CREATE | NLM_F.REPLACE, body, subject: `forwarding of ${mac}` };
}

/** Errors: ENOENT when it is not known. */
export function deleteForwarding(index: number, mac: string): NetlinkRequest {
  const body = Buffer.concat([header(AF_BRIDGE, index, NTF_SELF), attribute(NDA.LLADDR, macBytes(mac))]);
  return { type: RTM_DELNEIGH, flags: 0, body, subject: `forwarding of ${mac}` };
}

/** The neighbour with this address has that MAC address, for good. */
export function setNeighbour(index: number, address: Buffer, mac: string): NetlinkRequest {
  const body = Buffer.concat([
    header(familyOf(address), index, 0),
    attribute(NDA.DST, address),
    attribute(NDA.LLADDR, macBytes(mac)),
  ]);
  return { type: RTM_NEWNEIGH, flags: NLM_F.CREATE | NLM_F.REPLACE, body, subject: `neighbour ${mac}` };
}

/** Errors: ENOENT when it is not known. */
export function deleteNeighbour(index: number, address: Buffer): NetlinkRequest {
  const body = Buffer.concat([header(familyOf(address), index, 0), attribute(NDA.DST, address)]);
  return { type: RTM_DELNEIGH, flags: 0, body, subject: 'neighbour' };
}

/** struct ndmsg (linux/neighbour.h) */
function header(family: number, index: number, flags: number): Buffer {
  const buffer = Buffer.alloc(12);
  buffer.writeUInt8(family, 0);
  buffer.writeInt32LE(index, 4);
  buffer.writeUInt16LE(family === AF_BRIDGE ? NUD_PERMANENT | NUD_NOARP : NUD_PERMANENT, 8);
  buffer.writeUInt8(flags, 10);
  return buffer;
}

function familyOf(address: Buffer): number {
  return address.length === 16 ? 10 : 2;
}

const AF_BRIDGE = 7;
const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const NUD_NOARP = 0x40;
const NUD_PERMANENT = 0x80;
const NTF_SELF = 2;
const NDA = { DST: 1, LLADDR: 2 } as const;
