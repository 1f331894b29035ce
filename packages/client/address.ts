import { BerthError } from '@berth/kit';
import type { Address, TlsFiles } from './transport/transport.ts';

/** Port of `tcp://host` without one: 2376 with TLS, else 2375, as Docker has it. */
const PORT = { tls: 2376, plain: 2375 };

/** Reads `unix:///path`, `tcp://host:port` or a bare `host:port`; throws on anything else. */
export function parseAddress(text: string, tls: TlsFiles | undefined): Address {
  const bad = () => new BerthError('invalid', `unable to parse docker host \`${text}\``);
  if (text.startsWith('unix://')) {
    const path = text.slice('unix://'.length);
    if (!path) throw bad();
    return { kind: 'unix', path };
  }
  const [, scheme, rest = text] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === 'ssh' || scheme === 'npipe' || scheme === 'fd')
    throw new BerthError('not-supported', `host address ${text}: ${scheme}:// is not supported`, {
      hint: 'Use unix:///path or tcp://host:port.',
    });
  if (scheme !== undefined && scheme !== 'tcp' && scheme !== 'http' && scheme !== 'https') throw bad();
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?\/?$/.exec(rest);
  const host = match?.[1] ?? match?.[2];
  if (!host) throw bad();
  const port = match?.[3] ? Number(match[3]) : tls ? PORT.tls : PORT.plain;
  if (port < 1 || port > 65_535) throw bad();
  return { kind: 'tcp', host, port, tls };
}

/** The text form that messages show. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
