import { NETLINK, type NetlinkRequest, NetlinkSocket, NLM_F } from './netlink.ts';
import { attribute, nested, textAttribute } from './netlink-message.ts';

/** An element of a set or map of a table of family inet. Parts are values in network byte order, unpadded. */
export interface SetElement {
  set: string;
  key: Buffer[];
  /** For maps: what the key leads to. */
  data?: Buffer[];
  /** Shown by `nft list` beside the element, at most 128 bytes with its end mark. */
  comment?: string;
}

/** Elements of sets and maps by raw nfnetlink: 0.1 ms a change. Works in the namespace in which the object was made. */
export class SetElements {
  readonly #socket = new NetlinkSocket(NETLINK.NETFILTER);
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** Removes and adds in one transaction: all or nothing. Errors: EEXIST (added twice), ENOENT (not there, or no such set). */
  change(change: { remove?: readonly SetElement[]; add?: readonly SetElement[] }): void {
    const requests = [
      ...(change.remove ?? []).map((element) => this.#request(NFT_MSG.DELSETELEM, 0, element)),
      ...(change.add ?? []).map((element) => this.#request(NFT_MSG.NEWSETELEM, NLM_F.CREATE | NLM_F.EXCL, element)),
    ];
    if (requests.length > 0) this.#socket.runBatch(BATCH_BEGIN, requests, BATCH_END);
  }

  close(): void {
    this.#socket.close();
  }

  #request(type: number, flags: number, element: SetElement): NetlinkRequest {
    const parts = [nested(NFTA_SET_ELEM.KEY, attribute(NFTA_DATA_VALUE, concatenate(element.key)))];
    if (element.data && type === NFT_MSG.NEWSETELEM) {
      parts.push(nested(NFTA_SET_ELEM.DATA, attribute(NFTA_DATA_VALUE, concatenate(element.data))));
    }
    if (element.comment !== undefined && type === NFT_MSG.NEWSETELEM) {
      parts.push(attribute(NFTA_SET_ELEM.USERDATA, commentData(element.comment)));
    }
    const body = Buffer.concat([
      Buffer.of(NFPROTO_INET, 0, 0, 0),
      textAttribute(NFTA_SET_ELEM_LIST.TABLE, this.#table),
      textAttribute(NFTA_SET_ELEM_LIST.SET, element.set),
      nested(NFTA_SET_ELEM_LIST.ELEMENTS, nested(NFTA_LIST_ELEM, ...parts)),
    ]);
    return {
      type: (NFNL_SUBSYS_NFTABLES << 8) | type,
      flags,
      body,
      subject: `element of ${this.#table} ${element.set}`,
    };
  }
}

/** Parts of a concatenation begin at multiples of four bytes. */
function concatenate(parts: readonly Buffer[]): Buffer {
  if (parts.length === 1) return parts[0]!;
  return Buffer.concat(parts.flatMap((part) => [part, Buffer.alloc(-part.length & 3)]));
}

/** User data as nft writes it: type 0 (comment), length, text with end mark. */
function commentData(comment: string): Buffer {
  const text = Buffer.from(comment).subarray(0, 127);
  return Buffer.concat([Buffer.of(0, text.length + 1), text, Buffer.of(0)]);
}

const NFPROTO_INET = 1;
const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;
/** linux/netfilter/nf_tables.h */
const NFT_MSG = { NEWSETELEM: 12, DELSETELEM: 14 } as const;
const NFTA_SET_ELEM_LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM = { KEY: 1, DATA: 2, USERDATA: 6 } as const;
const NFTA_DATA_VALUE = 1;

// struct nfgenmsg: family, version, subsystem in network byte order.
const batchBody = Buffer.of(0, 0, 0, NFNL_SUBSYS_NFTABLES);
const BATCH_BEGIN: NetlinkRequest = { type: NFNL_MSG_BATCH_BEGIN, flags: 0, body: batchBody, subject: 'transaction' };
const BATCH_END: NetlinkRequest = { type: NFNL_MSG_BATCH_END, flags: 0, body: batchBody, subject: 'transaction' };
