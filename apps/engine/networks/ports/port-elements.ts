import type { SetElement } from '../../linux/nfnetlink.ts';
import { addressBytes } from '../ip-address.ts';
import type { PublishedPort } from '../model.ts';
import { isProxied } from './reserve.ts';

/** Numbers of IP protocols (IANA). */
export const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;

/**
 * Elements of the maps that redirect published IPv4 ports to a container. IPv6 ones are served by proxies as long as
 * the container has no IPv6 address. The comment says whose they are in `nft list`.
 */
export function elementsOfPorts(
  ports: readonly PublishedPort[],
  containerAddress: string,
  containerId: string,
): SetElement[] {
  const target = addressBytes(containerAddress);
  if (!target) return [];
  return ports
    .filter((port) => !isProxied(port))
    .map((port) => ({
      ...place(port.hostIp, PROTOCOLS[port.protocol], port.hostPort),
      data: [target, portBytes(port.containerPort)],
      comment: containerId.slice(0, 12),
    }));
}

/** An element as text, equal exactly for equal key and data; comments do not count. */
export function identityOf(element: SetElement): string {
  const hex = (parts: readonly Buffer[] = []) => parts.map((part) => part.toString('hex')).join('.');
  return `${element.set} ${hex(element.key)} ${hex(element.data)}`;
}

/** Reads elements back from `list map` in JSON. */
export function parseElements(map: 'pub4' | 'pub4a', listing: readonly Record<string, unknown>[]): SetElement[] {
  const found = listing.map((entry) => entry['map']).find((value) => isMap(value) && value.name === map);
  return isMap(found) ? (found.elem ?? []).flatMap((pair) => parsePair(map, pair)) : [];
}

function parsePair(map: 'pub4' | 'pub4a', [key, data]: [unknown, unknown]): SetElement[] {
  const keys = concatenation(key);
  const [target, targetPort] = concatenation(data);
  const [protocol, service] = keys.slice(-2);
  const number = protocolNumber(protocol);
  const bytes = addressBytes(String(target));
  if (number === undefined || !bytes) return [];
  return [
    {
      ...place(map === 'pub4' ? '0.0.0.0' : String(keys[0]), number, Number(service)),
      data: [bytes, portBytes(Number(targetPort))],
    },
  ];
}

function place(hostIp: string, protocol: number, hostPort: number): { set: string; key: Buffer[] } {
  const key = [Buffer.of(protocol), portBytes(hostPort)];
  return hostIp === '0.0.0.0' ? { set: 'pub4', key } : { set: 'pub4a', key: [addressBytes(hostIp)!, ...key] };
}

function portBytes(port: number): Buffer {
  return Buffer.of(port >> 8, port & 255);
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

function isMap(value: unknown): value is { name: string; elem?: [unknown, unknown][] } {
  return typeof value === 'object' && value !== null && 'name' in value;
}
