import { readFileSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { type BoundSocket, bindSocket } from '../../linux/socket.ts';
import { addressBytes } from '../ip-address.ts';
import type { PortWish, PublishedPort } from '../model.ts';
import { describePortOwner } from './find-owner.ts';

/**
 * Host ports held for containers. An IPv4 port is held by a bound socket that nobody listens on: the kernel then
 * refuses it to host programs, while packets are redirected before they reach any socket. An IPv6 port is bound only
 * to see that it is free, and then held by its proxy.
 */
export class PortReservations {
  readonly #held = new Map<string, Held[]>();
  readonly #cursor = { tcp: 0, udp: 0, sctp: 0 };
  readonly #ipv6: boolean;
  readonly #nameOf: (containerId: string) => string | undefined;

  /** `ipv6`: whether host programs can listen on IPv6. `nameOf`: of a container, for errors. */
  constructor(options: { ipv6: boolean; nameOf: (containerId: string) => string | undefined }) {
    this.#ipv6 = options.ipv6;
    this.#nameOf = options.nameOf;
  }

  /**
   * Takes a host port for one wish: the same number on every address of it, of the families that lead to the container.
   * Errors: conflict (taken, by whom is in the hint), invalid (no such host address, or of a family that leads nowhere).
   */
  reserve(containerId: string, wish: PortWish, families: Families = BOTH): PublishedPort[] {
    const addresses = this.#addressesOf(wish, families);
    let refusal: unknown;
    for (const hostPort of this.#candidates(wish)) {
      try {
        return this.#take(containerId, wish, addresses, hostPort);
      } catch (error) {
        if (errnoOf(error) !== 'EADDRINUSE') throw refused(error, addresses, wish, hostPort);
        refusal ??= error;
      }
    }
    throw this.#inUse(refusal, wish, addresses);
  }

  /** Takes ports again that a container of an earlier engine has; gives those that somebody else took meanwhile. */
  restore(containerId: string, ports: readonly PublishedPort[]): PublishedPort[] {
    const proxied = ports.filter(isProxied);
    return ports.filter((port) => {
      try {
        this.#hold(containerId, port, isInTheWay(port, proxied));
        return false;
      } catch {
        return true; // reported by the caller, who knows the container
      }
    });
  }

  /**
   * Lets go of the sockets that would be in a proxy's way, just before it starts: those of IPv6 ports, and for UDP also
   * of the same IPv4 port, because socat listens on both (it forgets to do otherwise after its first client).
   */
  handOver(containerId: string): void {
    const held = this.#held.get(containerId) ?? [];
    const proxied = held.filter(({ port }) => isProxied(port)).map(({ port }) => port);
    for (const entry of held) {
      if (!isInTheWay(entry.port, proxied)) continue;
      entry.socket?.close();
      entry.socket = undefined;
    }
  }

  release(containerId: string): void {
    for (const { socket } of this.#held.get(containerId) ?? []) socket?.close();
    this.#held.delete(containerId);
  }

  releaseAll(): void {
    for (const containerId of [...this.#held.keys()]) this.release(containerId);
  }

  #addressesOf(wish: PortWish, families: Families): string[] {
    if (wish.hostIp === '') {
      const six = families[6] && (this.#ipv6 || !families[4]) && (wish.protocol !== 'sctp' || hasSctp());
      return [...(families[4] ? ['0.0.0.0'] : []), ...(six ? ['::'] : [])];
    }
    const bytes = addressBytes(wish.hostIp);
    if (!bytes) throw new BerthError('invalid', `invalid IP address: ${wish.hostIp}`);
    const family = bytes.length === 4 ? 4 : 6;
    if (!families[family]) {
      throw new BerthError(
        'invalid',
        `cannot publish on ${wish.hostIp}: the container has no IPv${family} address to lead to`,
      );
    }
    return [wish.hostIp];
  }

  /** A fixed port, a range in order, or ephemeral ports one after another so that none comes back at once. */
  *#candidates(wish: PortWish): Generator<number> {
    if (wish.hostPort > 0) {
      for (let port = wish.hostPort; port <= Math.max(wish.hostPort, wish.hostPortEnd); port++) yield port;
      return;
    }
    const { first, last } = ephemeralRange();
    for (let tries = first; tries <= last; tries++) {
      const after = this.#cursor[wish.protocol] + 1;
      const port = after < first || after > last ? first : after;
      this.#cursor[wish.protocol] = port;
      yield port;
    }
  }

  #take(containerId: string, wish: PortWish, addresses: readonly string[], hostPort: number): PublishedPort[] {
    const before = this.#held.get(containerId)?.length ?? 0;
    try {
      return addresses.map((hostIp) => {
        const port = { containerPort: wish.containerPort, protocol: wish.protocol, hostIp, hostPort };
        this.#hold(containerId, port, false);
        return port;
      });
    } catch (error) {
      const held = this.#held.get(containerId) ?? [];
      for (const { socket } of held.splice(before)) socket?.close();
      throw error;
    }
  }

  /** `served`: its proxy has it already, so there is nothing left to bind. */
  #hold(containerId: string, port: PublishedPort, served: boolean): void {
    const socket = served ? undefined : bindOrSkip(port);
    const held = this.#held.get(containerId) ?? [];
    held.push({ containerId, port, socket });
    this.#held.set(containerId, held);
  }

  #inUse(cause: unknown, wish: PortWish, addresses: readonly string[]): BerthError {
    const range = wish.hostPort > 0 && wish.hostPortEnd > wish.hostPort;
    if (wish.hostPort === 0 || range) {
      const ports = range ? `${wish.hostPort}-${wish.hostPortEnd}` : 'the ephemeral range';
      return new BerthError('conflict', `Bind for ${addresses[0]}:${ports} failed: all ports are allocated`, { cause });
    }
    const owner = this.#holderOf(wish.protocol, addresses, wish.hostPort);
    const place = `${bracket(addresses[0]!)}:${wish.hostPort}`;
    if (owner) {
      return new BerthError('conflict', `Bind for ${place} failed: port is already allocated`, {
        hint: `Container ${this.#nameOf(owner.containerId) ?? 'of this request'} (${owner.containerId.slice(0, 12)}) publishes it. Choose another host port, or stop that container.`,
        details: { containerId: owner.containerId },
        cause,
      });
    }
    const program = describePortOwner(wish.protocol, wish.hostPort);
    return new BerthError('conflict', `failed to bind host port ${place}/${wish.protocol}: address already in use`, {
      hint: `${program ?? 'A program of the host'} has it. Choose another host port, or stop that program.`,
      cause,
    });
  }

  #holderOf(protocol: string, addresses: readonly string[], hostPort: number): Held | undefined {
    const clash = (a: string, b: string) =>
      a.includes(':') === b.includes(':') && (a === b || WILDCARDS.has(a) || WILDCARDS.has(b));
    return [...this.#held.values()]
      .flat()
      .find(
        ({ port }) =>
          port.protocol === protocol &&
          port.hostPort === hostPort &&
          addresses.some((address) => clash(address, port.hostIp)),
      );
  }
}

interface Held {
  containerId: string;
  port: PublishedPort;
  socket: BoundSocket | undefined;
}

/** Which families of host addresses lead to the container. */
export type Families = Readonly<Record<4 | 6, boolean>>;

const BOTH: Families = { 4: true, 6: true };

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** True for ports that a proxy carries. */
export function isProxied(port: PublishedPort): boolean {
  return port.hostIp.includes(':');
}

function isInTheWay(port: PublishedPort, proxied: readonly PublishedPort[]): boolean {
  const twin = (other: PublishedPort) =>
    other.protocol === 'udp' && other.hostIp === '::' && other.hostPort === port.hostPort;
  return isProxied(port) || (port.protocol === 'udp' && proxied.some(twin));
}

/** undefined when the kernel has no sockets of this protocol (SCTP is often a module): then no program can take the port either. */
function bindOrSkip(port: PublishedPort): BoundSocket | undefined {
  try {
    return bindSocket(port.protocol, addressBytes(port.hostIp)!, port.hostPort);
  } catch (error) {
    if (errnoOf(error) === 'EPROTONOSUPPORT' && port.protocol === 'sctp' && !isProxied(port)) return undefined;
    throw error;
  }
}

/** Without SCTP sockets there are no proxies for it: what all addresses get then is IPv4 alone, by rules. */
function hasSctp(): boolean {
  try {
    bindSocket('sctp', addressBytes('127.0.0.1')!, 0).close();
    return true;
  } catch {
    return false;
  }
}

function refused(cause: unknown, addresses: readonly string[], wish: PortWish, hostPort: number): unknown {
  const place = `${bracket(addresses.at(-1)!)}:${hostPort}/${wish.protocol}`;
  switch (errnoOf(cause)) {
    case 'EADDRNOTAVAIL':
      return new BerthError('invalid', `failed to bind host port ${place}: cannot assign requested address`, {
        hint: `This host has no address ${wish.hostIp}.`,
        cause,
      });
    case 'EPROTONOSUPPORT':
      return new BerthError('not-supported', `failed to bind host port ${place}: protocol not supported`, {
        hint: 'The kernel has no SCTP: load its module with "modprobe sctp".',
        cause,
      });
    default:
      return cause;
  }
}

function bracket(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function ephemeralRange(): { first: number; last: number } {
  const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
  return { first: first || 32768, last: last || 60999 };
}
