import { adoptDescriptor } from './descriptor.ts';
import { NETLINK, NetlinkSocket, splitMessages } from './netlink.ts';
import { parseAttributes, textOf } from './netlink-message.ts';

/**
 * Calls back when chains or rules of any nftables table were added or removed by anyone, ourselves included, with the
 * names of the tables; changes of set elements do not count. When the kernel had to drop messages, the names are
 * unknown and the set is empty.
 */
export function watchRulesets(onChange: (tables: ReadonlySet<string>) => void): { close(): void } {
  const socket = adoptDescriptor(new NetlinkSocket(NETLINK.NETFILTER, { group: NFNLGRP_NFTABLES }).detach());
  socket.unref();
  socket.on('data', (data: Buffer) => {
    const tables = new Set<string>();
    for (const { type, body } of splitMessages(data)) {
      if (type >> 8 === NFNL_SUBSYS_NFTABLES && STRUCTURE.has(type & 255)) {
        const attributes = parseAttributes(body, NFGENMSG_SIZE);
        tables.add(textOf(attributes.get(1))); // the table is attribute 1 of tables, chains and rules alike
      }
    }
    if (tables.size > 0) onChange(tables);
  });
  let closed = false;
  socket.on('error', () => {
    // ENOBUFS: too many at once. The stream ends with it; a new one begins, and the caller looks at everything.
    if (closed) return;
    closed = true;
    next = watchRulesets(onChange);
    onChange(new Set());
  });
  let next: { close(): void } | undefined;
  return {
    close() {
      closed = true;
      socket.destroy();
      next?.close();
    },
  };
}

const NFNL_SUBSYS_NFTABLES = 10;
const NFGENMSG_SIZE = 4;
const NFNLGRP_NFTABLES = 7;
/** NEWTABLE, DELTABLE, NEWCHAIN, DELCHAIN, NEWRULE, DELRULE (linux/netfilter/nf_tables.h). */
const STRUCTURE: ReadonlySet<number> = new Set([0, 2, 3, 5, 6, 8]);
