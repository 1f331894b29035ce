import { BlockList, isIP } from 'node:net';
import { BerthError } from '@berth/kit';

/** One way to reach a registry. */
export interface Endpoint {
  /** Scheme, host and port, path `/`. */
  url: URL;
  /** Declared insecure, or loopback: certificates are not checked, plain HTTP is allowed. */
  insecure: boolean;
}

const HUB_DOMAIN = 'docker.io';
const HUB_HOST = 'registry-1.docker.io';

/**
 * How the registry of a reference's domain may be reached, in the order to try: HTTPS; and for hosts that are loopback
 * or declared insecure (`host[:port]` as in the reference, or a CIDR range) then plain HTTP. Ranges apply to literal
 * addresses only: a name is not made insecure by what DNS says about it. Errors: invalid.
 */
export function endpointsOf(domain: string, insecureRegistries: readonly string[]): Endpoint[] {
  const host = domain === HUB_DOMAIN ? HUB_HOST : domain;
  const https = originOf('https', host);
  if (!isLoopback(https.hostname) && !isDeclared(https.hostname, domain, insecureRegistries)) {
    return [{ url: https, insecure: false }];
  }
  return [
    { url: https, insecure: true },
    { url: originOf('http', host), insecure: true },
  ];
}

/** A mirror by the URL that it was named with, of which only scheme, host and port count; loopback and declared ones need no good certificate. Errors: invalid. */
export function mirrorEndpoint(mirror: string, insecureRegistries: readonly string[]): Endpoint {
  const { protocol, host, hostname } = new URL(mirror);
  const insecure = protocol === 'http:' || isLoopback(hostname) || isDeclared(hostname, host, insecureRegistries);
  return { url: originOf(protocol.replace(':', ''), host), insecure };
}

/** True for `localhost`, names below it, 127.0.0.0/8 and ::1; `hostname` as in `URL.hostname`. */
export function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return true;
  return inRanges(hostname, ['127.0.0.0/8', '::1/128']);
}

function originOf(scheme: string, host: string): URL {
  let url: URL;
  try {
    url = new URL(`${scheme}://${host}/`);
  } catch (cause) {
    throw new BerthError('invalid', `invalid registry host: ${JSON.stringify(host)}`, { cause });
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new BerthError('invalid', `invalid registry host: ${JSON.stringify(host)}`);
  }
  return url;
}

function isDeclared(hostname: string, domain: string, insecureRegistries: readonly string[]): boolean {
  const wanted = domain.toLowerCase();
  if (insecureRegistries.some((entry) => entry.toLowerCase() === wanted)) return true;
  return inRanges(
    hostname,
    insecureRegistries.filter((entry) => entry.includes('/')),
  );
}

function inRanges(hostname: string, ranges: string[]): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  if (family === 0) return false;
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

function addRange(list: BlockList, range: string): void {
  const [network = '', prefix = ''] = range.split('/');
  const family = isIP(network);
  const bits = Number(prefix);
  if (family === 0 || !/^\d{1,3}$/.test(prefix) || bits > (family === 4 ? 32 : 128)) {
    throw new BerthError('invalid', `invalid range of insecure registries: ${JSON.stringify(range)}`, {
      hint: 'Write host, host:port, or an address range such as 10.0.0.0/8.',
    });
  }
  list.addSubnet(network, bits, family === 4 ? 'ipv4' : 'ipv6');
}
