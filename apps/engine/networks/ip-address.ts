import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 range; `base` is its first address as an unsigned 32-bit number. */
export interface Subnet {
  base: number;
  prefixLength: number;
}

/** Number of an IPv4 address, or undefined when the text is none. */
export function parseIpv4(text: string): number | undefined {
  if (!isIPv4(text)) return undefined;
  return text.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Range and host part of `172.17.0.1/16`; undefined when the text is no IPv4 CIDR. */
export function parseCidr(text: string): { subnet: Subnet; address: number } | undefined {
  const [ip = '', length = '', ...rest] = text.split('/');
  const address = parseIpv4(ip);
  if (address === undefined || rest.length > 0 || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  return { subnet: subnetOf(address, Number(length)), address };
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatIpv4(subnet.base)}/${subnet.prefixLength}`;
}

/** The range of this length that an address lies in. */
export function subnetOf(address: number, prefixLength: number): Subnet {
  const size = 2 ** (32 - prefixLength);
  return { base: Math.floor(address / size) * size, prefixLength };
}

/** Last address of a range: its broadcast address. */
export function lastAddress(subnet: Subnet): number {
  return subnet.base + 2 ** (32 - subnet.prefixLength) - 1;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base <= lastAddress(b) && b.base <= lastAddress(a);
}

/** The 4 or 16 bytes of an address in network order; undefined when the text is none (also with a zone). */
export function addressBytes(text: string): Buffer | undefined {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return ipv4Bytes(ipv4);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  // An IPv4 tail counts as two groups.
  const hex = text.replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => {
    const number = parseIpv4(tail) ?? 0;
    return `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
  });
  const [left = '', right] = hex.split('::');
  const head = left ? left.split(':') : [];
  const tail = right ? right.split(':') : [];
  const zeros = right === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  const bytes = Buffer.alloc(16);
  [...head, ...zeros, ...tail].forEach((group, i) => void bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * i));
  return bytes;
}

export function ipv4Bytes(address: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address);
  return bytes;
}
