import { BerthError } from '@berth/kit';
import type { Address, TlsFiles } from './transport/transport.ts';

/** Port of `tcp://host` without one: 2376 with TLS, else 2375, as Docker has it. */
const PORT = { tls: 2376, plain: 2375 };

/** What `https://` means without TLS settings: the certificates that the system trusts. */
const SYSTEM_TRUST: TlsFiles = { ca: undefined, cert: undefined, key: undefined, verify: true };

/**
 * Reads `unix:///path`, `tcp://host:port/path`, `ssh://user@host:port/socket`, a bare `host:port` or `:port`; throws on
 * anything else. An empty host is localhost.
 */
export function parseAddress(text: string, tls: TlsFiles | undefined): Address {
  const bad = () => new BerthError('invalid', `unable to parse docker host \`${text}\``);
  if (text.startsWith('unix://')) {
    const path = text.slice('unix://'.length);
    if (!path) throw bad();
    return { kind: 'unix', path };
  }
  const [, scheme, rest = text] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === 'ssh') return parseSsh(text, rest);
  if (scheme === 'npipe' || scheme === 'fd')
    throw new BerthError('not-supported', `host address ${text}: ${scheme}:// is not supported`, {
      hint: 'Use unix:///path, tcp://host:port or ssh://user@host.',
    });
  if (scheme !== undefined && scheme !== 'tcp' && scheme !== 'http' && scheme !== 'https') throw bad();
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]*))(?::(\d{1,5}))?(\/[^\s?#]*)?$/.exec(rest);
  if (!match || (scheme === undefined && rest === '')) throw bad();
  const used = scheme === 'https' ? (tls ?? SYSTEM_TRUST) : tls;
  const port = match[3] ? Number(match[3]) : used ? PORT.tls : PORT.plain;
  if (port < 1 || port > 65_535) throw bad();
  const basePath = (match[4] ?? '').replace(/\/+$/, '');
  return { kind: 'tcp', host: match[1] || match[2] || 'localhost', port, tls: used, basePath };
}

/** `[user@]host[:port][/path of the socket]`; refuses what ssh would have to be told otherwise. */
function parseSsh(text: string, rest: string): Address {
  const bad = (why: string) => new BerthError('invalid', `ssh host connection is not valid: invalid SSH URL: ${why}`);
  const match =
    /^(?:([^@/?#]*)@)?(\[[0-9a-fA-F:.]+\]|[^:/?#@[\]]*)(?::(\d*))?(\/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?$/.exec(rest);
  if (!match) throw bad(`unable to parse ${JSON.stringify(text)}`);
  const [, user = '', bracketed = '', port = '', path = '', query, fragment] = match;
  const host = bracketed.replace(/^\[|\]$/g, '');
  if (user.includes(':')) throw bad('plain-text password is not supported');
  if (host === '') throw bad('hostname is empty');
  if (query) throw bad(`query parameters are not allowed: ${JSON.stringify(query)}`);
  if (fragment) throw bad(`fragments are not allowed: ${JSON.stringify(fragment)}`);
  // Words that begin with a dash would be options of ssh; control characters and spaces are no part of any name.
  if (/^-/.test(host) || /^-/.test(user) || /[\s\p{Cc}]/u.test(rest))
    throw bad(`${JSON.stringify(rest)} is no address`);
  return { kind: 'ssh', user: decodeURIComponent(user), host, port, path: path === '/' ? '' : path };
}

/** The text form that messages show. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  if (address.kind === 'tcp') return `tcp://${host}:${address.port}${address.basePath}`;
  const { user, port, path } = address;
  return `ssh://${user && `${user}@`}${host}${port && `:${port}`}${path}`;
}
