import { readFileSync } from 'node:fs';
import { inNamespace } from '../../linux/netns.ts';
import { formatAddress } from '../ip-address.ts';

/** Addresses on which programs of a network namespace listen on a port; [] when none does, undefined when it cannot be seen. */
export function listenersOn(
  namespacePath: string,
  protocol: 'tcp' | 'udp' | 'sctp',
  port: number,
): string[] | undefined {
  if (protocol === 'sctp') return undefined;
  try {
    return inNamespace(namespacePath, () =>
      ['', '6'].flatMap((family) => parse(read(`/proc/thread-self/net/${protocol}${family}`), protocol, port)),
    );
  } catch {
    return undefined; // the namespace went
  }
}

/** TCP_LISTEN, and the state of a UDP socket that is connected to nobody. */
const LISTENS = { tcp: '0A', udp: '07' };

function parse(text: string, protocol: 'tcp' | 'udp', port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === LISTENS[protocol])
    .map((fields) => addressOf(fields[1]!.slice(0, -suffix.length)));
}

/** Words of four bytes, each in the byte order of the machine. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  bytes.swap32();
  const value = BigInt(`0x${bytes.toString('hex')}`);
  return formatAddress(bytes.length === 4 ? 4 : 6, value);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // no such protocol
  }
}
