import type { PortReport } from '@berth/contract';
import { elementsOfSandbox, portTargets } from '../endpoint/elements.ts';
import { electGateway } from '../endpoint/gateway.ts';
import { addressBytes, formatAddress } from '../ip-address.ts';
import type { PublishedPort, Sandbox } from '../model.ts';
import { elementsOfPorts, identityOf, PORT_SETS, parseElements } from '../ports/port-elements.ts';
import { isProxied } from '../ports/reserve.ts';
import { type Kernel, kernelOf, type NetworksState } from '../state.ts';
import { closedChains } from './chains.ts';
import { listenersOn } from './listeners.ts';

/** Every published port, who can reach it, and why: from the rules, links and sockets as they are now. */
export function explainPorts(state: NetworksState): PortReport[] {
  const kernel = kernelOf(state);
  const facts = look(state, kernel);
  return [...state.attached]
    .flatMap(([containerId, { containerName, sandbox }]) =>
      sandbox.ports.map((port) => report(kernel, facts, containerId, containerName, sandbox, port)),
    )
    .sort((a, b) => a.HostPort - b.HostPort || a.HostIp.localeCompare(b.HostIp));
}

interface Facts {
  /** Elements that the rules have, by identity. */
  present: Set<string>;
  /** Addresses of the host's links, with the links' names. */
  addresses: Map<string, string>;
  /** Sentences about chains of others that drop what is forwarded, by bridge name. */
  closed: (bridge: string) => string[];
}

function look(state: NetworksState, kernel: Kernel): Facts {
  const names = new Map(kernel.route.links().map(({ index, name }) => [index, name]));
  const addresses = kernel.route.addresses().map(({ address, index }): [string, string] => {
    const family = address.length === 4 ? 4 : 6;
    return [formatAddress(family, BigInt(`0x${address.toString('hex')}`)), names.get(index) ?? ''];
  });
  const table = state.config.nftTable;
  const present = PORT_SETS.maps.flatMap((map) => parseElements(map, kernel.nft.list(`list map inet ${table} ${map}`)));
  return {
    present: new Set(present.map(identityOf)),
    addresses: new Map(addresses),
    closed: closedChains(kernel.nft, table),
  };
}

function report(
  kernel: Kernel,
  facts: Facts,
  containerId: string,
  containerName: string,
  sandbox: Sandbox,
  port: PublishedPort,
): PortReport {
  const targets = portTargets(kernel, sandbox.endpoints);
  const six = port.hostIp.includes(':');
  const address = (six && targets.ipv6) || targets.ipv4 || targets.ipv6;
  const way = electGateway(sandbox.endpoints, address.includes(':') ? 6 : 4);
  const link = kernel.live.get(way?.networkId ?? '')?.link;
  const faults = faultsOf(facts, kernel, containerId, sandbox, port, link?.name ?? '');
  const [reach, reason] = reachOf(facts, port);
  const by = carriers(port, targets.ipv6 !== '');
  return {
    ContainerId: containerId,
    Container: containerName,
    ContainerPort: port.containerPort,
    Protocol: port.protocol,
    HostIp: port.hostIp,
    HostPort: port.hostPort,
    Address: address,
    Network: way?.networkName ?? '',
    By: by,
    Reachable: faults.length > 0 ? 'nobody' : reach,
    Why: faults.length > 0 ? faults : [reason],
  };
}

/** What keeps everybody from a port. */
function faultsOf(
  facts: Facts,
  kernel: Kernel,
  containerId: string,
  sandbox: Sandbox,
  port: PublishedPort,
  bridge: string,
): string[] {
  const targets = portTargets(kernel, sandbox.endpoints);
  const wanted = elementsOfPorts([port], targets, containerId);
  const faults: string[] = [];
  if (
    elementsOfSandbox(kernel, containerId, sandbox).length > 0 &&
    wanted.some((one) => !facts.present.has(identityOf(one)))
  )
    faults.push('its rule is missing (the engine restores rules within milliseconds: look again)');
  if (!WILDCARDS.has(port.hostIp) && !isLoopback(port.hostIp) && !facts.addresses.has(port.hostIp))
    faults.push(`this host has no address ${port.hostIp} any more`);
  const listeners = sandbox.namespacePath && listenersOn(sandbox.namespacePath, port.protocol, port.containerPort);
  if (listeners && listeners.length === 0)
    faults.push(`nothing listens on ${port.containerPort}/${port.protocol} in the container`);
  if (listeners && listeners.length > 0 && listeners.every(isLoopback))
    faults.push(`the program listens on ${listeners.join(', ')} inside the container only: make it listen on 0.0.0.0`);
  if (!isProxied(port)) faults.push(...facts.closed(bridge));
  return faults;
}

function reachOf(facts: Facts, { hostIp }: PublishedPort): [PortReport['Reachable'], string] {
  if (isLoopback(hostIp)) return ['this host', `${hostIp} is loopback: other machines and containers cannot reach it`];
  if (!WILDCARDS.has(hostIp)) {
    return [
      'neighbours',
      `whoever reaches ${hostIp} (${facts.addresses.get(hostIp) ?? ''}), this host and containers too`,
    ];
  }
  const family = hostIp.includes(':') ? 16 : 4;
  const own = [...facts.addresses].filter(
    ([address]) => addressBytes(address)?.length === family && !isLoopback(address) && !address.startsWith('fe80'),
  );
  const shown = own.slice(0, 6).map(([address, link]) => `${address} (${link})`);
  return ['anywhere', `on all addresses: ${shown.join(', ')}${own.length > 6 ? `, and ${own.length - 6} more` : ''}`];
}

function carriers(port: PublishedPort, ipv6: boolean): PortReport['By'] {
  if (!isProxied(port)) return 'rules';
  return ipv6 && port.hostIp !== '::1' ? 'rules, proxy for ::1' : 'proxy';
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
