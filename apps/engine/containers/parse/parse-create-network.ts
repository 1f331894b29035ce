import { isIP } from 'node:net';
import type { ContainerConfig, EndpointWish, HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { endpointFaults } from '../../networks/index.ts';
import { parseLink } from '../run/links.ts';
import { parseExtraHost } from './parse-create-extra-host.ts';

/**
 * Checks the network side of a wish and brings it into normal form in place: a named mode, the wished MAC address at its
 * endpoint. Networks that do not exist are found out at the start, as with Docker. Returns warnings.
 * `exposed`: the client's own ports. Errors: invalid (conflicts, in Docker's words).
 */
export function checkNetworkOptions(
  config: ContainerConfig,
  host: HostConfig,
  endpoints: Record<string, EndpointWish>,
  options: { ipv4Forwarding?: boolean; exposed: readonly string[] },
): string[] {
  if (host.NetworkMode === '' || host.NetworkMode === 'default') host.NetworkMode = 'bridge';
  checkNameResolution(host);
  checkConflicts(config, host, options.exposed);
  checkCombination(host, endpoints);
  for (const [name, wish] of Object.entries(endpoints)) checkEndpoint(name, wish);
  placeMacAddress(config, host, endpoints);
  const warnings: string[] = [];
  if (host.NetworkMode === 'host' && Object.keys(host.PortBindings).length > 0) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  if (host.NetworkMode === 'bridge' && options.ipv4Forwarding === false) {
    warnings.push('IPv4 forwarding is disabled. Networking will not work.');
  }
  return warnings;
}

function checkConflicts(config: ContainerConfig, host: HostConfig, exposed: readonly string[]): void {
  const mode = host.NetworkMode;
  const joins = mode.startsWith('container:');
  if (mode === 'container' || mode === 'container:') {
    throw invalid('Invalid network mode: invalid container format container:<name|id>');
  }
  const conflicts: [boolean, string][] = [
    [joins && config.Hostname !== '', 'conflicting options: hostname and the network mode'],
    [host.UTSMode === 'host' && config.Hostname !== '', 'conflicting options: hostname and the UTS mode'],
    [host.UTSMode === 'host' && config.Domainname !== '', 'conflicting options: domainname and the UTS mode'],
    [mode === 'host' && hasItems(host.Links), LINKS('host type networking')],
    [joins && hasItems(host.Links), LINKS('container type network')],
    [joins && host.Dns.length > 0, 'conflicting options: dns and the network mode'],
    [joins && hasItems(host.ExtraHosts), 'conflicting options: custom host-to-IP mapping and the network mode'],
    [(joins || mode === 'host') && !!config.MacAddress, 'conflicting options: mac-address and the network mode'],
    [
      joins && (Object.keys(host.PortBindings).length > 0 || host.PublishAllPorts),
      'conflicting options: port publishing and the container type network mode',
    ],
    [joins && exposed.length > 0, 'conflicting options: port exposing and the container type network mode'],
  ];
  const found = conflicts.find(([holds]) => holds);
  if (found) throw invalid(found[1]);
}

const LINKS = (kind: string) =>
  `conflicting options: ${kind} can't be used with links. This would result in undefined behavior`;

function checkCombination(host: HostConfig, endpoints: Record<string, EndpointWish>): void {
  const names = [...new Set([host.NetworkMode, ...Object.keys(endpoints)])];
  if (names.length === 1) return;
  if (names.some((name) => name === 'host' || name.startsWith('container:'))) {
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (names.includes('none')) {
    throw invalid('container cannot be connected to multiple networks with one of the networks in private (none) mode');
  }
}

function checkEndpoint(name: string, wish: EndpointWish): void {
  const reasons = endpointFaults(name, wish);
  if (reasons.length > 0) {
    throw invalid(`invalid config for network ${name}: invalid endpoint settings:\n${reasons.join('\n')}`);
  }
  if (wish.MacAddress) checkMacAddress(wish.MacAddress);
  for (const link of wish.Links ?? []) parseLink(link);
}

function placeMacAddress(config: ContainerConfig, host: HostConfig, endpoints: Record<string, EndpointWish>): void {
  if (!config.MacAddress) {
    delete config.MacAddress;
    return;
  }
  checkMacAddress(config.MacAddress);
  if (Object.keys(endpoints).length > 0 && !endpoints[host.NetworkMode]) {
    throw invalid(
      'if a container-wide MAC address is supplied, HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks',
    );
  }
  const endpoint = endpoints[host.NetworkMode] ?? {};
  if (endpoint.MacAddress && endpoint.MacAddress.toLowerCase() !== config.MacAddress.toLowerCase()) {
    throw invalid(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
  }
  endpoints[host.NetworkMode] = { ...endpoint, MacAddress: config.MacAddress };
}

function checkMacAddress(address: string): void {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(address)) throw invalid(`invalid MAC address: ${address}`);
  if (Number.parseInt(address.slice(0, 2), 16) & 1) {
    throw invalid(`invalid MAC address: ${address} is a multicast address`);
  }
}

/** These words become lines of hosts and resolv.conf. */
function checkNameResolution(host: HostConfig): void {
  for (const entry of host.ExtraHosts ?? []) parseExtraHost(entry);
  for (const server of host.Dns) {
    if (isIP(server) === 0) throw invalid(`invalid DNS address: ${JSON.stringify(server)} is not an IP address`);
  }
  for (const domain of host.DnsSearch) {
    if (!/^(\.|[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*\.?)$/.test(domain)) throw invalid(`${domain} is not a valid domain`);
  }
  for (const option of host.DnsOptions) {
    if (!/^[!-~]+$/.test(option)) throw invalid(`invalid DNS option: ${JSON.stringify(option)}`);
  }
}

function hasItems(list: string[] | null | undefined): boolean {
  return list != null && list.length > 0;
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
