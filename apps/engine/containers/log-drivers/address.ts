import { BerthError } from '@berth/kit';

/** Where a log server listens. */
export type LogAddress =
  | HostAddress<'udp'>
  | HostAddress<'tcp'>
  | HostAddress<'tls'>
  | { protocol: 'unix'; path: string }
  | { protocol: 'unixgram'; path: string };

export interface HostAddress<Protocol> {
  protocol: Protocol;
  host: string;
  port: number;
}

const SCHEME = /^(udp|tcp|tcp\+tls|unix|unixgram):\/\//;

/**
 * Takes `PROTOCOL://HOST:PORT` or `unix://PATH` apart. `defaultPort` undefined: the port has to be given.
 * Errors: invalid, with Docker's sentence about the option `option` of the driver `driver`.
 */
export function parseLogAddress(
  text: string,
  { option, driver, defaultPort }: { option: string; driver: string; defaultPort: number | undefined },
): LogAddress {
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme === undefined) throw invalid(`${option} should be in form proto://address, got ${text}`);
  const rest = text.slice(scheme.length + 3);
  if (scheme === 'unix' || scheme === 'unixgram') {
    if (rest === '') throw invalid(`invalid ${option} ${text}: the path is empty`);
    return { protocol: scheme, path: rest };
  }
  const [, host, port] = /^(\[[0-9a-fA-F:.%]+\]|[^:[\]/]*)(?::(\d{1,5}))?\/?$/.exec(rest) ?? [];
  const needed = `${driver}: please provide ${option} as proto://host:port`;
  if (host === undefined || (port === undefined && defaultPort === undefined)) throw invalid(needed);
  const number = port === undefined ? defaultPort! : Number(port);
  if (number < 1 || number > 65535) throw invalid(needed);
  const place = { host: host.replace(/^\[|\]$/g, '') || 'localhost', port: number };
  if (scheme === 'udp') return { protocol: 'udp', ...place };
  return scheme === 'tcp' ? { protocol: 'tcp', ...place } : { protocol: 'tls', ...place };
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
