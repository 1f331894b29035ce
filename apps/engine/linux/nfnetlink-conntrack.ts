import { SyscallError } from './libc.ts';
import { NETLINK, type NetlinkReply, NetlinkSocket, NLM_F } from './netlink.ts';
import { attribute, nested, parseAttributes, u8Attribute, u32Attribute } from './netlink-message.ts';

/**
 * Forgets the IPv4 flows of one protocol that were first sent to one of these ports, on whatever address. The kernel decides
 * about redirection with a flow's first packet alone; a UDP client that keeps sending never gets another decision.
 */
export async function forgetFlows(protocol: number, ports: ReadonlySet<number>): Promise<void> {
  const socket = new NetlinkSocket(NETLINK.NETFILTER);
  try {
    for (const reply of await dump(socket, protocol)) {
      const flow = parseAttributes(reply.body, NFGENMSG_SIZE);
      const original = flow.get(CTA.TUPLE_ORIG);
      const id = flow.get(CTA.ID);
      if (!original || !id || !isWanted(original, protocol, ports)) continue;
      const body = Buffer.concat([HEADER, nested(CTA.TUPLE_ORIG, Buffer.from(original)), attribute(CTA.ID, id)]);
      remove(socket, body);
    }
  } finally {
    socket.close();
  }
}

/** Filtered by the kernel from version 5.8 on, which saves copying a large table; by us in any case. */
async function dump(socket: NetlinkSocket, protocol: number): Promise<NetlinkReply[]> {
  const wish = nested(CTA.TUPLE_ORIG, nested(CTA_TUPLE_PROTO, u8Attribute(CTA_PROTO.NUM, protocol)));
  const filter = nested(CTA.FILTER, u32Attribute(CTA_FILTER_ORIG_FLAGS, FILTER_PROTO_NUM));
  const request = { type: TYPE_GET, flags: NLM_F.DUMP, subject: 'flows' };
  try {
    return await socket.queryInBackground({ ...request, body: Buffer.concat([HEADER, wish, filter]) });
  } catch (error) {
    if (!(error instanceof SyscallError) || !['EINVAL', 'EOPNOTSUPP'].includes(error.code)) throw error;
    return socket.queryInBackground({ ...request, body: HEADER });
  }
}

function isWanted(tuple: Buffer, protocol: number, ports: ReadonlySet<number>): boolean {
  const parts = parseAttributes(parseAttributes(tuple).get(CTA_TUPLE_PROTO) ?? Buffer.alloc(0));
  const port = parts.get(CTA_PROTO.DST_PORT);
  return parts.get(CTA_PROTO.NUM)?.[0] === protocol && port?.length === 2 && ports.has(port.readUInt16BE());
}

function remove(socket: NetlinkSocket, body: Buffer): void {
  try {
    socket.run([{ type: TYPE_DELETE, flags: 0, body, subject: 'flow' }]);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.code !== 'ENOENT') throw error; // ended by itself
  }
}

const NFGENMSG_SIZE = 4;
const AF_INET = 2;
const HEADER = Buffer.of(AF_INET, 0, 0, 0);
/** Subsystem 1 (ctnetlink), messages IPCTNL_MSG_CT_GET and _DELETE (linux/netfilter/nfnetlink_conntrack.h). */
const TYPE_GET = (1 << 8) | 1;
const TYPE_DELETE = (1 << 8) | 2;
const CTA = { TUPLE_ORIG: 1, ID: 12, FILTER: 25 } as const;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO = { NUM: 1, DST_PORT: 3 } as const;
const CTA_FILTER_ORIG_FLAGS = 1;
const FILTER_PROTO_NUM = 1 << 3;
