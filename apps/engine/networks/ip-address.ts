import { isIPv4, isIPv6 } from 'node:net';

export type Family = 4 | 6;

/** A range of addresses; `base` is its first one as a number. */
export interface Subnet {
  family: Family;
  base: bigint;
  prefixLength: number;
}

/** Family and number of an address; undefined when the text is none (also with a zone). */
export function parseAddress(text: string): { family: Family; value: bigint } | undefined {
  const bytes = addressBytes(text);
  if (!bytes) return undefined;
  return { family: bytes.length === 4 ? 4 : 6, value: BigInt(`0x${bytes.toString('hex')}`) };
}

/** Text of an address; IPv6 in the short form of RFC 5952. */
export function formatAddress(family: Family, value: bigint): string {
  const bytes = bytesOf(family, value);
  if (family === 4) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  const run = longestRunOfZeros(groups);
  if (run.length < 2) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`;
}

/** Range and host part of `172.17.0.1/16`; undefined when the text is no CIDR. */
export function parseCidr(text: string): { subnet: Subnet; address: bigint } | undefined {
  const [ip = '', length = '', ...rest] = text.split('/');
  const address = parseAddress(ip);
  if (!address || rest.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > bitsOf(address.family)) {
    return undefined;
  }
  return { subnet: subnetOf(address.family, address.value, Number(length)), address: address.value };
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.family, subnet.base)}/${subnet.prefixLength}`;
}

/** The range of this length that an address lies in. */
export function subnetOf(family: Family, address: bigint, prefixLength: number): Subnet {
  const hostBits = BigInt(bitsOf(family) - prefixLength);
  return { family, base: (address >> hostBits) << hostBits, prefixLength };
}

/** Last address of a range: with IPv4 its broadcast address. */
export function lastAddress(subnet: Subnet): bigint {
  return subnet.base + (1n << BigInt(bitsOf(subnet.family) - subnet.prefixLength)) - 1n;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.base <= lastAddress(b) && b.base <= lastAddress(a);
}

export function holds(subnet: Subnet, address: { family: Family; value: bigint }): boolean {
  return subnet.family === address.family && address.value >= subnet.base && address.value <= lastAddress(subnet);
}

/** The 4 or 16 bytes of an address in network order; undefined when the text is none (also with a zone). */
export function addressBytes(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  // An IPv4 tail counts as two groups.
  const hex = text.replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => {
    const parts = Buffer.from(tail.split('.').map(Number));
    return `${parts.readUInt16BE(0).toString(16)}:${parts.readUInt16BE(2).toString(16)}`;
  });
  const [left = '', right] = hex.split('::');
  const head = left ? left.split(':') : [];
  const tail = right ? right.split(':') : [];
  const zeros = right === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  const bytes = Buffer.alloc(16);
  [...head, ...zeros, ...tail].forEach((group, i) => void bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * i));
  return bytes;
}

export function bytesOf(family: Family, value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(bitsOf(family) / 4, '0'), 'hex');
}

function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

function longestRunOfZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
