import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import type { ContainerConfig, HostConfig } from '@berth/contract';
import type { Sandbox } from '../../networks/model.ts';
import type { ContainerPaths } from '../context.ts';
import type { ContainerSpec } from '../model.ts';

/** Writes the hosts, hostname and resolv.conf files that are mounted into a container. */
export function writeNetworkFiles(
  paths: ContainerPaths,
  spec: Pick<ContainerSpec, 'config' | 'hostConfig' | 'remap'>,
  sandbox: Sandbox,
  hostGateway: string,
): void {
  const isHost = sandbox.namespacePath === undefined;
  writeFileSync(paths.hostname, `${spec.config.Hostname}\n`);
  const extra = (spec.hostConfig.ExtraHosts ?? []).map((entry) => extraHost(entry, hostGateway)).join('');
  writeFileSync(paths.hosts, `${isHost ? hostFile('/etc/hosts') : hostsOf(spec.config, sandbox)}${extra}`);
  writeFileSync(paths.resolvConf, resolvConf(sandbox.resolvConf ?? hostFile('/etc/resolv.conf'), spec.hostConfig));
  if (!spec.remap) return;
  const { users, groups } = spec.remap;
  for (const file of [paths.hostname, paths.hosts, paths.resolvConf]) chownSync(file, users.first, groups.first);
}

function hostsOf(config: ContainerConfig, sandbox: Sandbox): string {
  const names = config.Domainname ? `${config.Hostname}.${config.Domainname} ${config.Hostname}` : config.Hostname;
  const own = sandbox.endpoints
    .flatMap((e) => [e.ipAddress, e.ipv6Address].filter(Boolean))
    .map((ip) => `${ip}\t${names}\n`);
  return [
    '127.0.0.1\tlocalhost\n',
    '::1\tlocalhost ip6-localhost ip6-loopback\n',
    'fe00::\tip6-localnet\n',
    'ff00::\tip6-mcastprefix\n',
    'ff02::1\tip6-allnodes\n',
    'ff02::2\tip6-allrouters\n',
    ...own,
  ].join('');
}

/** `name:address`; the address may hold colons. */
function extraHost(entry: string, hostGateway: string): string {
  const at = entry.search(/[:=]/);
  const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  return `${address === 'host-gateway' ? hostGateway : address}\t${entry.slice(0, at)}\n`;
}

/** The host's name servers, unless the container was given its own (resolv.conf(5)). */
function resolvConf(base: string, { Dns, DnsSearch, DnsOptions }: HostConfig): string {
  if (Dns.length + DnsSearch.length + DnsOptions.length === 0) return base;
  const words = (keyword: string) =>
    base
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([first]) => first === keyword)
      .flatMap((parts) => parts.slice(1));
  const servers = Dns.length > 0 ? Dns : words('nameserver');
  const search = DnsSearch.length > 0 ? DnsSearch.filter((domain) => domain !== '.') : words('search');
  const options = DnsOptions.length > 0 ? DnsOptions : words('options');
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}

function hostFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a host without this file has nothing to hand on
  }
}
