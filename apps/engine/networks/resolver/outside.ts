import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIP, type Socket } from 'node:net';
import { adoptDescriptor } from '../../linux/descriptor.ts';
import { tcpFromNamespace, udpInNamespace } from '../../linux/namespace-sockets.ts';
import { addressBytes } from '../ip-address.ts';
import { questionOf } from './answer.ts';
import type { NamedSandbox } from './protocol.ts';
import type { HostServers } from './servers.ts';

/**
 * Asks name servers outside: those that a container was given from within its network, the host's from the host. A
 * container without a way out gets no answer from the host's: nothing leaves an internal network (CVE-2024-29018).
 */
export class Outside {
  readonly #host: HostServers;
  readonly #pending = new Map<string, number>();

  constructor(host: HostServers) {
    this.#host = host;
  }

  /** The first reply that is no failure, else the last failure; undefined when nobody replied or may be asked. */
  async ask(sandbox: NamedSandbox, query: Buffer, protocol: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const own = sandbox.dns.length > 0;
    if (!own && !sandbox.outside) return undefined;
    const open = this.#pending.get(sandbox.id) ?? 0;
    if (open >= MAX_PENDING) return undefined;
    this.#pending.set(sandbox.id, open + 1);
    try {
      let failure: Buffer | undefined;
      for (const server of (own ? sandbox.dns : this.#host.now()).slice(0, MAX_SERVERS)) {
        const reply = await exchange(query, server, protocol, own ? sandbox.namespacePath : undefined);
        if (!reply) continue;
        if (!FAILURES.has(reply[3]! & 15)) return reply;
        failure = reply;
      }
      return failure;
    } finally {
      const left = (this.#pending.get(sandbox.id) ?? 1) - 1;
      if (left > 0) this.#pending.set(sandbox.id, left);
      else this.#pending.delete(sandbox.id);
    }
  }
}

/** One server; undefined when it does not reply in time. The id is ours: those of clients are easily guessed. */
async function exchange(
  query: Buffer,
  server: string,
  protocol: 'udp' | 'tcp',
  namespacePath: string | undefined,
): Promise<Buffer | undefined> {
  const message = Buffer.from(query);
  const id = randomInt(1 << 16);
  message.writeUInt16BE(id, 0);
  const fits = (reply: Buffer) => reply.length >= 12 && reply.readUInt16BE(0) === id && sameQuestion(message, reply);
  try {
    const reply =
      protocol === 'udp'
        ? await byUdp(message, server, namespacePath, fits)
        : await byTcp(message, server, namespacePath, fits);
    if (reply) query.copy(reply, 0, 0, 2);
    return reply;
  } catch {
    return undefined; // no route, no such namespace any more
  }
}

function byUdp(
  message: Buffer,
  server: string,
  namespacePath: string | undefined,
  fits: (reply: Buffer) => boolean,
): Promise<Buffer | undefined> {
  const family = isIP(server) === 6 ? 6 : 4;
  const socket = createSocket(`udp${family}`);
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  let settled = false;
  const timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  socket.on('error', () => resolve(undefined));
  socket.on('message', (reply) => {
    if (fits(reply)) resolve(Buffer.from(reply));
  });
  const send = () => {
    // Connected, so that only this server's packets come in, and its refusals too. Node calls back with an error too
    // (no route), which its types do not know; sending would throw then, where nobody catches it.
    socket.connect(53, server, (error?: Error | null) => {
      if (error || settled) resolve(undefined);
      else socket.send(message, (failure) => failure && resolve(undefined));
    });
  };
  try {
    if (namespacePath === undefined) send();
    else socket.bind({ fd: udpInNamespace(namespacePath, family), exclusive: true }, send);
  } catch (error) {
    clearTimeout(timer);
    socket.close();
    throw error;
  }
  return promise.finally(() => {
    settled = true;
    clearTimeout(timer);
    socket.close();
  });
}

function byTcp(
  message: Buffer,
  server: string,
  namespacePath: string | undefined,
  fits: (reply: Buffer) => boolean,
): Promise<Buffer | undefined> {
  const socket: Socket =
    namespacePath === undefined
      ? connect(53, server)
      : adoptDescriptor(tcpFromNamespace(namespacePath, addressBytes(server)!, 53));
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  socket.setTimeout(PATIENCE_MS, () => resolve(undefined));
  socket.on('error', () => resolve(undefined));
  socket.on('close', () => resolve(undefined));
  let got = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    got = Buffer.concat([got, data]);
    if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
    const reply = got.subarray(2, 2 + got.readUInt16BE(0));
    resolve(fits(reply) ? Buffer.from(reply) : undefined);
  });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.write(Buffer.concat([length, message]));
  return promise.finally(() => socket.destroy());
}

function sameQuestion(query: Buffer, reply: Buffer): boolean {
  const [asked, answered] = [questionOf(query), questionOf(reply)];
  // Servers that refuse may leave the question out.
  if (!answered) return FAILURES.has(reply[3]! & 15);
  return asked?.type === answered.type && asked.name.toLowerCase() === answered.name.toLowerCase();
}

/** FORMERR, SERVFAIL, NOTIMP, REFUSED: another server may know more. */
const FAILURES = new Set([1, 2, 4, 5]);
const MAX_SERVERS = 3;
/** Queries of one container at a time. */
const MAX_PENDING = 1024;
const PATIENCE_MS = 4000;
