import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ContainerConfig, HostConfig } from '@berth/contract';
import type { Sandbox } from '../../networks/model.ts';
import type { ContainerPaths } from '../context.ts';
import type { ContainerSpec } from '../model.ts';
import type { LinkedContainer } from './links.ts';

type NetworkSpec = Pick<ContainerSpec, 'config' | 'hostConfig' | 'remap'>;

/** Writes the hosts, hostname and resolv.conf files that are mounted into a container. */
export function writeNetworkFiles(
  paths: ContainerPaths,
  spec: NetworkSpec,
  sandbox: Sandbox,
  hostGateway: readonly string[],
  linked: readonly LinkedContainer[] = [],
): void {
  const isHost = sandbox.namespacePath === undefined;
  writeFileSync(paths.hostname, `${spec.config.Hostname}\n`);
  const extra = (spec.hostConfig.ExtraHosts ?? []).map((entry) => extraHost(entry, hostGateway)).join('');
  const links = linked.map(linkLine).join('');
  writeFileSync(paths.hosts, `${isHost ? hostFile('/etc/hosts') : hostsOf(spec.config, sandbox, links)}${extra}`);
  writeFileSync(paths.resolvConf, resolvConfOf(sandbox, spec.hostConfig));
  if (!spec.remap) return;
  const { users, groups } = spec.remap;
  for (const file of [paths.hostname, paths.hosts, paths.resolvConf]) chownSync(file, users.first, groups.first);
}

/** Brings the files of a container that runs up to date after its networks changed. What was written there since stays. */
export function updateNetworkFiles(paths: ContainerPaths, spec: NetworkSpec, before: Sandbox, now: Sandbox): void {
  const had = addressesOf(before);
  const has = addressesOf(now);
  const text = read(paths.hosts);
  if (text === undefined) return; // whoever filled it with megabytes keeps it
  const lines = text.split('\n');
  const gone = had.filter((address) => !has.includes(address));
  const kept = lines.filter((line) => !gone.some((address) => line.startsWith(`${address}\t`))).join('\n');
  const added = has.filter((address) => !had.includes(address)).map((address) => hostLine(address, spec.config));
  writeFileSync(paths.hosts, `${kept}${kept === '' || kept.endsWith('\n') ? '' : '\n'}${added.join('')}`);
  // Somebody in the container may have written their own name servers: those stay.
  const [old, next] = [resolvConfOf(before, spec.hostConfig), resolvConfOf(now, spec.hostConfig)];
  if (old !== next && read(paths.resolvConf) === old) writeFileSync(paths.resolvConf, next);
}

/** Writes another address for a linked container that was started again. */
export function updateLinkLine(paths: ContainerPaths, linked: LinkedContainer): void {
  replaceLinkLine(paths, linked.alias, linkLine(linked));
}

export function removeLinkLine(paths: ContainerPaths, alias: string): void {
  replaceLinkLine(paths, alias, '');
}

function replaceLinkLine(paths: ContainerPaths, alias: string, line: string): void {
  const text = read(paths.hosts);
  const lines = text?.split(/(?<=\n)/) ?? [];
  const at = lines.findIndex((one) => one.split(/\s+/)[1] === alias);
  if (at >= 0 && lines[at] !== line) writeFileSync(paths.hosts, lines.toSpliced(at, 1, line).join(''));
}

/** The line of a linked container, as Docker writes it. */
export function linkLine({ address, alias, id, name }: LinkedContainer): string {
  return `${address}\t${[...new Set([alias, id.slice(0, 12), name])].join(' ')}\n`;
}

function hostsOf(config: ContainerConfig, sandbox: Sandbox, links: string): string {
  return [
    '127.0.0.1\tlocalhost\n',
    '::1\tlocalhost ip6-localhost ip6-loopback\n',
    'fe00::\tip6-localnet\n',
    'ff00::\tip6-mcastprefix\n',
    'ff02::1\tip6-allnodes\n',
    'ff02::2\tip6-allrouters\n',
    links,
    ...addressesOf(sandbox).map((address) => hostLine(address, config)),
  ].join('');
}

function hostLine(address: string, config: ContainerConfig): string {
  const names = config.Domainname ? `${config.Hostname}.${config.Domainname} ${config.Hostname}` : config.Hostname;
  return `${address}\t${names}\n`;
}

function addressesOf(sandbox: Sandbox): string[] {
  return sandbox.endpoints.flatMap((e) => [e.ipAddress, e.ipv6Address].filter(Boolean));
}

/** `name:address`; the address may hold colons. */
function extraHost(entry: string, hostGateway: readonly string[]): string {
  const at = entry.search(/[:=]/);
  const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  const addresses = address === 'host-gateway' ? hostGateway : [address];
  return addresses.map((one) => `${one}\t${entry.slice(0, at)}\n`).join('');
}

/**
 * The host's name servers, unless the container was given its own (resolv.conf(5)). Where the engine's resolver answers
 * it is the only one, and asks those in its turn; it has names without a dot, which therefore are asked for at once.
 */
function resolvConfOf(sandbox: Sandbox, { Dns, DnsSearch, DnsOptions }: HostConfig): string {
  const base = sandbox.resolvConf ?? hostFile('/etc/resolv.conf');
  if (Dns.length + DnsSearch.length + DnsOptions.length === 0 && !sandbox.resolver) return base;
  const words = (keyword: string) =>
    base
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([first]) => first === keyword)
      .flatMap((parts) => parts.slice(1));
  const servers = sandbox.resolver ? ['127.0.0.11'] : Dns.length > 0 ? Dns : words('nameserver');
  const search = DnsSearch.length > 0 ? DnsSearch.filter((domain) => domain !== '.') : words('search');
  const options = DnsOptions.length > 0 ? [...DnsOptions] : words('options');
  if (sandbox.resolver && !options.some((option) => option.startsWith('ndots:'))) options.push('ndots:0');
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}

/** What is in a file that a container can write to; undefined when that is more than such a file ever has. */
function read(path: string): string | undefined {
  try {
    return statSync(path).size > MAX_BYTES ? undefined : readFileSync(path, 'utf8');
  } catch {
    return ''; // never written
  }
}

const MAX_BYTES = 1 << 20;

function hostFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a host without this file has nothing to hand on
  }
}
