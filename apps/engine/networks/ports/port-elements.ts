import type { SetElement } from '../../linux/nfnetlink.ts';
import { addressBytes } from '../ip-address.ts';
import type { PortWish, PublishedPort, Sandbox } from '../model.ts';

/** Numbers of IP protocols (IANA). */
export const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;

/** Where a container's published ports lead. */
export interface PortTargets {
  /** '' when ports of this family do not lead to it. */
  ipv4: string;
  ipv6: string;
  /** Without host ports: what is published is only let through. */
  routed4: boolean;
  routed6: boolean;
}

/**
 * Elements of the maps that redirect published ports to a container. A port on an IPv6 address has a proxy besides,
 * which serves what cannot be redirected, and all of it when the container has no IPv6 address. The comment says whose
 * they are in `nft list`.
 */
export function elementsOfPorts(
  ports: readonly PublishedPort[],
  { ipv4, ipv6 }: Pick<PortTargets, 'ipv4' | 'ipv6'>,
  containerId: string,
): SetElement[] {
  return ports.flatMap((port) => {
    const six = port.hostIp.includes(':');
    const target = addressBytes(six ? ipv6 : ipv4);
    if (!target || port.hostIp === '::1') return [];
    return [
      {
        ...place(port.hostIp, PROTOCOLS[port.protocol], port.hostPort),
        data: [target, portBytes(port.containerPort)],
        comment: containerId.slice(0, 12),
      },
    ];
  });
}

/** Elements of the sets that let ports through without host ports: published on routed networks, and linked containers. */
export function openElements(
  targets: PortTargets,
  wishes: readonly PortWish[],
  linked: NonNullable<Sandbox['linked']>,
  addresses: readonly string[],
  containerId: string,
): SetElement[] {
  const comment = containerId.slice(0, 12);
  const routed = [targets.routed4 ? targets.ipv4 : '', targets.routed6 ? targets.ipv6 : ''].flatMap((address) => {
    const bytes = addressBytes(address);
    if (!bytes) return [];
    return wishes.map(({ protocol, containerPort }) => ({
      set: bytes.length === 4 ? 'open4' : 'open6',
      key: [bytes, Buffer.of(PROTOCOLS[protocol]), portBytes(containerPort)],
      comment,
    }));
  });
  const links = addresses.flatMap((address) => {
    const from = addressBytes(address);
    if (from?.length !== 4) return [];
    return linked.flatMap(({ address: other, ports }) => {
      const to = addressBytes(other);
      if (to?.length !== 4) return [];
      return ports.map(({ port, protocol }) => ({
        set: 'linked4',
        key: [from, to, Buffer.of(PROTOCOLS[protocol]), portBytes(port)],
        comment,
      }));
    });
  });
  return unique([...routed, ...links]);
}

/** An element as text, equal exactly for equal key and data; comments do not count. */
export function identityOf(element: SetElement): string {
  const hex = (parts: readonly Buffer[] = []) => parts.map((part) => part.toString('hex')).join('.');
  return `${element.set} ${hex(element.key)} ${hex(element.data)}`;
}

/** The maps and sets that hold what belongs to containers. */
export const PORT_SETS = {
  maps: ['pub4', 'pub4a', 'pub6', 'pub6a'],
  sets: ['open4', 'open6', 'linked4'],
} as const;

/** Reads elements back from `list map` or `list set` in JSON. */
export function parseElements(set: string, listing: readonly Record<string, unknown>[]): SetElement[] {
  const found = listing
    .map((entry) => entry['map'] ?? entry['set'])
    .find((value) => isSet(value) && value.name === set);
  if (!isSet(found)) return [];
  return (found.elem ?? []).flatMap((entry) => {
    const [key, data] = Array.isArray(entry) ? (entry as unknown[]) : [entry, undefined];
    const keyBytes = bytesOfParts(concatenation(key));
    if (!keyBytes) return [];
    if (data === undefined) return [{ set, key: keyBytes }];
    const dataBytes = bytesOfParts(concatenation(data));
    return dataBytes ? [{ set, key: keyBytes, data: dataBytes }] : [];
  });
}

/** Addresses, protocols and ports, told apart by their form. */
function bytesOfParts(parts: readonly unknown[]): Buffer[] | undefined {
  const bytes = parts.map((part, index) => {
    const last = index === parts.length - 1;
    if (last && typeof part === 'number') return portBytes(part);
    const protocol = protocolNumber(part);
    return protocol === undefined ? addressBytes(String(part)) : Buffer.of(protocol);
  });
  return bytes.length > 0 && bytes.every((part) => part !== undefined) ? bytes : undefined;
}

function place(hostIp: string, protocol: number, hostPort: number): { set: string; key: Buffer[] } {
  const key = [Buffer.of(protocol), portBytes(hostPort)];
  const family = hostIp.includes(':') ? 6 : 4;
  return hostIp === '0.0.0.0' || hostIp === '::'
    ? { set: `pub${family}`, key }
    : { set: `pub${family}a`, key: [addressBytes(hostIp)!, ...key] };
}

function portBytes(port: number): Buffer {
  return Buffer.of(port >> 8, port & 255);
}

function unique(elements: readonly SetElement[]): SetElement[] {
  return [...new Map(elements.map((element) => [identityOf(element), element])).values()];
}

/** An element with a comment is wrapped: `{"elem": {"val": …, "comment": …}}`. */
function concatenation(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [value];
  if ('elem' in value && typeof value.elem === 'object' && value.elem !== null && 'val' in value.elem)
    return concatenation(value.elem.val);
  return 'concat' in value && Array.isArray(value.concat) ? value.concat : [];
}

function protocolNumber(protocol: unknown): number | undefined {
  if (typeof protocol === 'number') return protocol;
  return Object.entries(PROTOCOLS).find(([name]) => name === protocol)?.[1];
}

function isSet(value: unknown): value is { name: string; elem?: unknown[] } {
  return typeof value === 'object' && value !== null && 'name' in value;
}
