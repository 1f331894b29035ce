import { isIPv4 } from 'node:net';
import type { EngineConfig } from '../config.ts';

/**
 * The engine's environment as Node's agents read it, with the proxies of the engine's settings in the place of the
 * environment's.
 */
export function proxyEnvironment(
  { httpProxy, httpsProxy, noProxy }: Pick<EngineConfig, 'httpProxy' | 'httpsProxy' | 'noProxy'>,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const told = { http_proxy: httpProxy, https_proxy: httpsProxy, no_proxy: noProxy };
  const merged = { ...env };
  for (const [name, value] of Object.entries(told)) {
    if (value !== undefined) merged[name] = merged[name.toUpperCase()] = value;
  }
  for (const name of ['no_proxy', 'NO_PROXY']) {
    const value = merged[name];
    if (value) merged[name] = forAgents(value);
  }
  return merged;
}

/** Docker's list (Go's httpproxy) in the words of Node's: ranges by their ends, subdomains with their domains. */
function forAgents(list: string): string {
  return list
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .flatMap((entry) => rangeOf(entry) ?? (isDomain(entry) ? [entry, `.${entry}`] : [entry]))
    .join(',');
}

/** `10.0.0.0/8` as `10.0.0.0-10.255.255.255`; undefined when it is no range of IPv4 addresses. */
function rangeOf(entry: string): string | undefined {
  const [address = '', bits = '', ...rest] = entry.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32 || rest.length > 0) return undefined;
  const size = 2 ** (32 - Number(bits));
  const number = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const first = number - (number % size);
  return `${dotted(first)}-${dotted(first + size - 1)}`;
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** A plain name; not an address, a pattern or a name with a port, which mean themselves only. */
function isDomain(entry: string): boolean {
  return /^[a-z0-9_][a-z0-9_.-]*$/i.test(entry) && !/^[\d.-]+$/.test(entry);
}
