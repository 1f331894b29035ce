import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';

/** What `--dns`, `--dns-search` and `--dns-option` say; an empty list leaves the host's. */
export interface DnsWish {
  servers: readonly string[];
  search: readonly string[];
  options: readonly string[];
}

/** The container's resolv.conf, made from the host's as it is now and from wishes. */
export function readResolvConf(wish: DnsWish = { servers: [], search: [], options: [] }): string {
  return resolvConfFor(readHostFile(), wish);
}

/**
 * Name servers on the host's loopback cannot be reached from a container and are left out, IPv6 ones too as long as the
 * network has no IPv6. With none left, Google's public servers stand in, as in Docker. The last `search` line counts;
 * `options` lines add up.
 */
export function resolvConfFor(host: string, wish: DnsWish): string {
  const lines = host.split('\n').map((line) =>
    line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/),
  );
  const values = (keyword: string) => lines.filter((line) => line[0] === keyword).map((line) => line.slice(1));
  const reachable = values('nameserver')
    .flatMap((line) => line.slice(0, 1))
    .filter((server) => isIPv4(server) && !server.startsWith('127.'));
  const servers = wish.servers.length > 0 ? wish.servers : reachable.length > 0 ? reachable : FALLBACK;
  const search =
    wish.search.length > 0
      ? wish.search
      : (lines
          .filter(([word]) => word === 'search' || word === 'domain')
          .at(-1)
          ?.slice(1) ?? []);
  const options = wish.options.length > 0 ? wish.options : values('options').flat();
  const text = servers.map((server) => `nameserver ${server}\n`);
  // `--dns-search .` means: search nothing.
  const domains = search.filter((domain) => domain !== '.');
  if (domains.length > 0) text.push(`search ${domains.join(' ')}\n`);
  if (options.length > 0) text.push(`options ${options.join(' ')}\n`);
  return text.join('');
}

/** With systemd-resolved, /etc/resolv.conf names only its stub on loopback; the real servers are in its other file. */
function readHostFile(): string {
  const text = readOrEmpty('/etc/resolv.conf');
  const servers = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1]);
  const stubOnly = servers.length === 1 && servers[0] === '127.0.0.53';
  return stubOnly ? readOrEmpty('/run/systemd/resolve/resolv.conf') || text : text;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a host without the file uses the fallback
  }
}

const FALLBACK = ['8.8.8.8', '8.8.4.4'];
