import { isIP } from 'node:net';
import { BerthError } from '@berth/kit';

/** Where to listen. */
export type Address = { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number };

/** Reads `unix:///path` or `tcp://host:port`. Errors: invalid, for other forms and for plain TCP beyond loopback. */
export function parseAddress(text: string): Address {
  const unix = /^unix:\/\/(\/.+)$/.exec(text);
  if (unix !== null) return { kind: 'unix', path: unix[1]! };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]*):([0-9]{1,5})$/.exec(text);
  if (tcp === null || Number(tcp[2]) > 65535) {
    throw new BerthError('invalid', `invalid listening address "${text}"`, {
      hint: 'Use unix:///absolute/path or tcp://127.0.0.1:PORT.',
    });
  }
  const host = tcp[1]!.replace(/^\[|\]$/g, '');
  if (!isLoopback(host)) {
    throw new BerthError(
      'invalid',
      `refusing to listen on ${text}: without TLS, whoever reaches this address owns this machine`,
      {
        hint: 'Listen on a unix socket or on tcp://127.0.0.1:PORT, and reach it from elsewhere through ssh.',
      },
    );
  }
  return { kind: 'tcp', host: host === 'localhost' ? '127.0.0.1' : host, port: Number(tcp[2]) };
}

/** True for `localhost` and addresses of this host only. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  if (isIP(host) === 4) return host.startsWith('127.');
  return isIP(host) === 6 && /^(?:0*:)*:?0*1$/.test(host);
}
