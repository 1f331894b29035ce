import koffi from 'koffi';
import { check, libc, SyscallError } from './libc.ts';
import { parseAttributes, textOf } from './netlink-message.ts';

const socketC = libc.func('int socket(int domain, int type, int protocol)');
const bindC = libc.func('int bind(int fd, const void *address, unsigned int length)');
const sendC = libc.func('long send(int fd, const void *data, size_t length, int flags)');
const recvC = libc.func('long recv(int fd, _Out_ void *data, size_t length, int flags)');
const setsockoptC = libc.func('int setsockopt(int fd, int level, int option, const void *value, unsigned int length)');
const closeC = libc.func('int close(int fd)');

/** Netlink families (linux/netlink.h). */
export const NETLINK = { ROUTE: 0, NETFILTER: 12 } as const;

/** Message flags (linux/netlink.h). */
export const NLM_F = { REQUEST: 1, ACK: 4, DUMP: 0x300, REPLACE: 0x100, EXCL: 0x200, CREATE: 0x400 } as const;

/** One message to send. `subject` names in errors what was asked for. */
export interface NetlinkRequest {
  type: number;
  flags: number;
  body: Buffer;
  subject: string;
}

/** One message received, without its header. */
export interface NetlinkReply {
  type: number;
  body: Buffer;
}

/**
 * A blocking netlink socket. The kernel works requests off inside send(2), so answers are there at once and the calls
 * take microseconds. The socket belongs to the network namespace that it was opened in, whoever uses it later, and
 * keeps that namespace alive until it is closed.
 */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #family: string;
  #sequence = 0;

  /** `group`: number of the multicast group to hear, for a socket that only listens. */
  constructor(protocol: number, options: { group?: number } = {}) {
    this.#family = protocol === NETLINK.ROUTE ? 'rtnetlink' : 'nfnetlink';
    // Who listens waits in an event loop, never in a system call.
    const type = SOCK_RAW_CLOEXEC | (options.group === undefined ? 0 : SOCK_NONBLOCK);
    this.#fd = check(socketC(AF_NETLINK, type, protocol), 'socket', this.#family);
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    check(bindC(this.#fd, address, address.length), 'bind', this.#family);
    if (options.group !== undefined) this.#option(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int(options.group));
    this.#option(SOL_NETLINK, NETLINK_CAP_ACK, int(1));
    this.#option(SOL_NETLINK, NETLINK_EXT_ACK, int(1));
    // A lost answer must not stop the engine for ever.
    this.#option(SOL_SOCKET, SO_RCVTIMEO, timeval(20));
    // An atomic batch of thousands of messages is sent, and answered, in one piece.
    this.#option(SOL_SOCKET, SO_SNDBUFFORCE, int(8 << 20));
    this.#option(SOL_SOCKET, SO_RCVBUFFORCE, int(8 << 20));
  }

  /**
   * Sends all requests in one piece and waits for every acknowledgement. Throws the first failure, with the kernel's
   * explanation, after all were answered. Messages outside a transaction take effect one by one.
   */
  run(requests: readonly NetlinkRequest[]): void {
    const first = this.#send(requests.map((request) => ({ ...request, flags: request.flags | NLM_F.ACK })));
    let failure: SyscallError | undefined;
    for (let open = requests.length; open > 0; ) {
      for (const message of this.#receive()) {
        const index = message.sequence - first;
        if (message.type !== NLMSG_ERROR || index < 0 || index >= requests.length) continue;
        failure ??= this.#failureOf(message, requests[index]!.subject);
        open--;
      }
    }
    if (failure) throw failure;
  }

  /**
   * A batch as nfnetlink has it: `head` and `tail` enclose one transaction and are not acknowledged. A failing
   * transaction is answered by its failures alone, so waiting ends with the first of them.
   */
  runBatch(head: NetlinkRequest, requests: readonly NetlinkRequest[], tail: NetlinkRequest): void {
    const acknowledged = requests.map((request) => ({ ...request, flags: request.flags | NLM_F.ACK }));
    const first = this.#send([head, ...acknowledged, tail]);
    for (let open = requests.length; open > 0; ) {
      for (const message of this.#receive()) {
        const index = message.sequence - first;
        if (message.type !== NLMSG_ERROR || index < 0 || index > requests.length + 1) continue;
        const failure = this.#failureOf(message, requests[index - 1]?.subject ?? 'transaction');
        if (failure) throw failure; // what else was answered is dropped by its sequence number next time
        open--;
      }
    }
  }

  /** Sends one request and gives its answers: one for a plain request, all parts for a dump. */
  query(request: NetlinkRequest): NetlinkReply[] {
    return this.#answers(request, this.#send([request]));
  }

  /**
   * Like `query`, with the kernel's search on a pool thread: for dumps of large tables, which take milliseconds even
   * when nothing is found. The socket must not be used for anything else meanwhile.
   */
  async queryInBackground(request: NetlinkRequest): Promise<NetlinkReply[]> {
    const sequence = ++this.#sequence;
    const data = encode(request, sequence);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    sendC.async(this.#fd, data, data.length, 0, (error: Error | null, result: number) => {
      if (error) reject(error);
      else if (Number(result) < 0)
        reject(new SyscallError('send', koffi.errno(), `${this.#family} ${request.subject}`));
      else resolve();
    });
    await promise;
    return this.#answers(request, sequence);
  }

  close(): void {
    closeC(this.#fd);
  }

  /** Hands over the descriptor; the object is not to be used any more. */
  detach(): number {
    return this.#fd;
  }

  #answers(request: NetlinkRequest, sequence: number): NetlinkReply[] {
    const dump = (request.flags & NLM_F.DUMP) === NLM_F.DUMP;
    const replies: NetlinkReply[] = [];
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG_ERROR) {
          const failure = this.#failureOf(message, request.subject);
          if (failure) throw failure;
          return replies;
        }
        if (message.type === NLMSG_DONE) return replies;
        replies.push({ type: message.type, body: message.body });
        if (!dump) return replies;
      }
    }
  }

  /** Gives the sequence number of the first message; the others follow it. */
  #send(requests: readonly NetlinkRequest[]): number {
    const first = this.#sequence + 1;
    const data = Buffer.concat(requests.map((request) => encode(request, ++this.#sequence)));
    check(Number(sendC(this.#fd, data, data.length, 0)), 'send', `${this.#family} ${requests[0]?.subject ?? ''}`);
    return first;
  }

  #receive(): Received[] {
    const length = check(Number(recvC(this.#fd, receiveBuffer, receiveBuffer.length, 0)), 'recv', this.#family);
    return splitMessages(receiveBuffer.subarray(0, length));
  }

  /** undefined for an acknowledgement. */
  #failureOf(message: Received, subject: string): SyscallError | undefined {
    const errno = -message.body.readInt32LE(0);
    if (errno === 0) return undefined;
    // After the code comes the request, its header only because of NETLINK_CAP_ACK, then the explanation.
    const skip = message.flags & NLM_F_CAPPED ? 20 : 4 + message.body.readUInt32LE(4);
    const explanation = message.flags & NLM_F_ACK_TLVS ? textOf(parseAttributes(message.body, skip).get(1)) : '';
    return new SyscallError(this.#family, errno, explanation ? `${subject} (${explanation})` : subject);
  }

  #option(level: number, option: number, value: Buffer): void {
    // Without CAP_NET_ADMIN in the first user namespace the FORCE options fail; the default sizes then do.
    setsockoptC(this.#fd, level, option, value, value.length);
  }
}

interface Received extends NetlinkReply {
  flags: number;
  sequence: number;
}

/** Messages of one datagram. Bodies are copies. */
export function splitMessages(data: Buffer): Received[] {
  const messages: Received[] = [];
  for (let at = 0; at + 16 <= data.length; ) {
    const size = data.readUInt32LE(at);
    if (size < 16 || at + size > data.length) break;
    messages.push({
      type: data.readUInt16LE(at + 4),
      flags: data.readUInt16LE(at + 6),
      sequence: data.readUInt32LE(at + 8),
      body: Buffer.from(data.subarray(at + 16, at + size)),
    });
    at += (size + 3) & ~3;
  }
  return messages;
}

function encode(request: NetlinkRequest, sequence: number): Buffer {
  const size = 16 + request.body.length;
  const buffer = Buffer.alloc((size + 3) & ~3);
  buffer.writeUInt32LE(size, 0);
  buffer.writeUInt16LE(request.type, 4);
  buffer.writeUInt16LE(request.flags | NLM_F.REQUEST, 6);
  buffer.writeUInt32LE(sequence, 8);
  request.body.copy(buffer, 16);
  return buffer;
}

function int(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
}

function timeval(seconds: number): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeBigInt64LE(BigInt(seconds));
  return buffer;
}

// All calls are synchronous, so one buffer serves every socket. The kernel fills at most 32 KiB per dump part.
const receiveBuffer: Buffer = Buffer.alloc(1 << 17);

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
