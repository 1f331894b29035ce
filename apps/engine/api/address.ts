import { isIP } from 'node:net';
import { BerthError } from '@berth/kit';

/** Where to listen. An empty host is every address of this machine. */
export type Address = SocketAddress | { kind: 'fd'; fd: number; at: SocketAddress };

export type SocketAddress = { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number };

/** How a TCP address is kept from those who may not use it. */
export interface Protection {
  /** TLS, whether or not clients need certificates. */
  tls: boolean;
  /** Only clients with a certificate of ours are let in. */
  verifiesClients: boolean;
  /** Whoever runs this engine wants it open all the same. */
  allowUnprotected: boolean;
}

/** Docker's ports, without and with TLS. */
const PORTS = { plain: 2375, tls: 2376 };

/**
 * Reads `unix:///path` or `tcp://host[:port]`.
 * Errors: invalid, for other forms, and for TCP beyond loopback that everybody may use.
 */
export function parseAddress(text: string, protection: Protection): SocketAddress {
  const unix = /^unix:\/\/(\/.+)$/.exec(text);
  if (unix !== null) return { kind: 'unix', path: unix[1]! };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]\s]*)(?::([0-9]{1,5}))?$/.exec(text);
  if (tcp === null || Number(tcp[2] ?? 0) > 65535 || text === 'tcp://') {
    throw new BerthError('invalid', `invalid listening address "${text}"`, {
      hint: 'Use unix:///absolute/path, tcp://HOST:PORT or fd://.',
    });
  }
  const host = tcp[1]!.replace(/^\[|\]$/g, '');
  if (!isLoopback(host)) refuseUnprotected(text, protection);
  const port = tcp[2] === undefined ? (protection.tls ? PORTS.tls : PORTS.plain) : Number(tcp[2]);
  return { kind: 'tcp', host: host === 'localhost' ? '127.0.0.1' : host, port };
}

/** Errors: invalid, when whoever reaches an address could use it. */
export function refuseUnprotected(address: string, { tls, verifiesClients, allowUnprotected }: Protection): void {
  if (verifiesClients || allowUnprotected) return;
  const without = tls ? 'TLS without client certificates lets everybody in' : 'without TLS';
  throw new BerthError(
    'invalid',
    `refusing to listen on ${address}: ${without}${tls ? ', and' : ','} whoever reaches this address owns this machine`,
    {
      hint: 'Add --tlsverify (`berth daemon tls init` makes the certificates), or listen on a unix socket or tcp://127.0.0.1:PORT and reach it through ssh. Whoever wants it open says --allow-anyone-on-the-network-to-be-root.',
    },
  );
}

/** True for `localhost` and addresses of this host only. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  if (isIP(host) === 4) return host.startsWith('127.');
  return isIP(host) === 6 && /^(?:0*:)*:?0*1$/.test(host);
}
