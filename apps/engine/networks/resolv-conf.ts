import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';

/** The host's resolv.conf as it is now, in the form that containers get. */
export function readResolvConf(): string {
  return resolvConfFor(hostResolvConf(readOrEmpty));
}

/**
 * Name servers on the host's loopback cannot be reached from a container and are left out, IPv6 ones too as long as
 * networks have no IPv6. With none left, Google's public servers stand in, as in Docker. The last `search` or `domain`
 * line counts; `options` lines add up (resolv.conf(5)).
 */
export function resolvConfFor(host: string): string {
  const lines = host.split('\n').map((line) =>
    line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/),
  );
  const values = (...keywords: string[]) =>
    lines.filter(([word]) => keywords.includes(word ?? '')).map((line) => line.slice(1));
  const reachable = values('nameserver').flatMap(([server]) =>
    server && isIPv4(server) && !server.startsWith('127.') ? [server] : [],
  );
  const search = values('search', 'domain').at(-1) ?? [];
  const options = values('options').flat();
  return [
    ...(reachable.length > 0 ? reachable : FALLBACK).map((server) => `nameserver ${server}\n`),
    ...(search.length > 0 ? [`search ${search.join(' ')}\n`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}\n`] : []),
  ].join('');
}

/** With systemd-resolved, /etc/resolv.conf may name only its stub on loopback; the real servers are in its other file. */
export function hostResolvConf(read: (path: string) => string): string {
  const text = read('/etc/resolv.conf');
  const servers = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1]);
  const stubOnly = servers.length === 1 && servers[0] === '127.0.0.53';
  return (stubOnly && read('/run/systemd/resolve/resolv.conf')) || text;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a host without the file uses the fallback
  }
}

const FALLBACK = ['8.8.8.8', '8.8.4.4'];
