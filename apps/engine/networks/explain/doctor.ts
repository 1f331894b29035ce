import type { DoctorReport, DoctorStep } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { tryConnect } from '../../linux/namespace-sockets.ts';
import { electGateway, interfaceOf } from '../endpoint/gateway.ts';
import { addressBytes, holds, parseAddress, parseCidr } from '../ip-address.ts';
import type { Endpoint, Sandbox } from '../model.ts';
import { kernelOf, type NetworksState } from '../state.ts';
import { closedChains } from './chains.ts';
import { listenersOn } from './listeners.ts';
import { lookUpFrom } from './look-up.ts';

/**
 * Follows a lookup and a connection from a container hop by hop, and says where and why it ends.
 * Errors: not-found (no such container, or it has no network now), invalid (target).
 */
export async function diagnose(state: NetworksState, container: string, target: string): Promise<DoctorReport> {
  const [containerId, { containerName, sandbox }] = find(state, container);
  const { host, port } = parseTarget(target);
  const steps: DoctorStep[] = [ownNetworks(containerName, sandbox)];
  const report = (): DoctorReport => ({
    Container: containerName,
    Target: target,
    Steps: steps,
    Ok: steps.every(({ Ok }) => Ok),
  });
  if (sandbox.namespacePath === undefined) {
    steps.push({ Step: 'network', Ok: false, Says: "it is on the host's network: look from the host itself" });
    return report();
  }
  const addresses = await resolve(state, steps, sandbox, sandbox.namespacePath, host);
  for (const address of addresses.slice(0, 4)) {
    const from = steps.length;
    await follow(state, steps, { containerId, sandbox, namespacePath: sandbox.namespacePath }, address, port);
    // One that answers is enough; what was wrong with others is said, and counts no more.
    if (steps.slice(from).every(({ Ok }) => Ok)) return { ...report(), Ok: true };
  }
  return report();
}

function find(state: NetworksState, name: string): [string, { containerName: string; sandbox: Sandbox }] {
  const found = [...state.attached].find(
    ([id, { containerName }]) => containerName === name || id === name || (name.length >= 4 && id.startsWith(name)),
  );
  if (found) return found;
  throw new BerthError('not-found', `container ${name} has no network now`, {
    hint: 'It does not exist, or does not run, or is in the network of another container: ask about that one.',
  });
}

function parseTarget(target: string): { host: string; port: number | undefined } {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:]+)|([0-9a-f]*:[0-9a-f:.]+))(?::(\d{1,5}))?$/i.exec(target);
  const host = match?.[1] ?? match?.[2] ?? match?.[3];
  const port = match?.[4] === undefined ? undefined : Number(match[4]);
  if (host === undefined || port === 0 || (port ?? 1) > 65535 || host.length > 253)
    throw new BerthError('invalid', `invalid target ${JSON.stringify(target)}: it is HOST or HOST:PORT`);
  return { host, port };
}

function ownNetworks(name: string, { endpoints }: Sandbox): DoctorStep {
  const shown = endpoints.map(
    (one) => `${one.networkName} (${[one.ipAddress, one.ipv6Address].filter(Boolean).join(', ') || 'no address'})`,
  );
  return { Step: 'networks', Ok: endpoints.length > 0, Says: `${name} is in ${shown.join(', ') || 'no network'}` };
}

async function resolve(
  state: NetworksState,
  steps: DoctorStep[],
  sandbox: Sandbox,
  namespacePath: string,
  host: string,
): Promise<string[]> {
  if (addressBytes(host)) return [host];
  const { server, code, addresses } = await lookUpFrom(namespacePath, sandbox, host);
  if (addresses.length > 0) {
    steps.push({ Step: 'name', Ok: true, Says: `${server} says that ${host} is ${addresses.join(', ')}` });
    return addresses;
  }
  const elsewhere = networksOfName(state, host);
  const own = new Set(sandbox.endpoints.map(({ networkName }) => networkName));
  const step: DoctorStep = { Step: 'name', Ok: false, Says: `${server} has no address for ${host} (${code})` };
  if (elsewhere.length > 0 && !elsewhere.some((name) => own.has(name)))
    step.Hint = `A container of that name is in ${elsewhere.join(', ')}, where this one is not: berth network connect ${elsewhere[0]} …`;
  else if (!sandbox.resolver) step.Hint = 'On the default bridge containers have no names: make a network of your own.';
  else if (sandbox.endpoints.every(({ networkId }) => state.networks.get(networkId)?.spec.internal))
    step.Hint = 'All of its networks are internal: no name is asked for outside.';
  steps.push(step);
  return [];
}

function networksOfName(state: NetworksState, name: string): string[] {
  const wanted = name.toLowerCase();
  const endpoints = [...state.attached.values()].flatMap(({ sandbox, containerName }) =>
    sandbox.endpoints.filter(({ dnsNames = [] }) =>
      [containerName, ...dnsNames].some((one) => one.toLowerCase() === wanted),
    ),
  );
  return [...new Set(endpoints.map(({ networkName }) => networkName))];
}

async function follow(
  state: NetworksState,
  steps: DoctorStep[],
  from: { containerId: string; sandbox: Sandbox; namespacePath: string },
  address: string,
  port: number | undefined,
): Promise<void> {
  const way = wayTo(from.sandbox, address);
  const other = ownerOf(state, address);
  steps.push(routeStep(way, address, from.sandbox));
  if (!steps.at(-1)!.Ok || !way) return;
  if (other) steps.push(neighbourStep(state, way.endpoint, other));
  if (port === undefined) return;
  const outcome = await tryConnect(from.namespacePath, addressBytes(address)!, port, PATIENCE_MS);
  steps.push(connectStep(state, outcome, address, port, way.endpoint, other));
}

interface Way {
  endpoint: Endpoint;
  direct: boolean;
}

function wayTo({ endpoints }: Sandbox, address: string): Way | undefined {
  const parsed = parseAddress(address)!;
  const direct = endpoints.find(({ ipAddress, prefixLength, ipv6Address, ipv6PrefixLength }) => {
    const cidr = parseCidr(parsed.family === 4 ? `${ipAddress}/${prefixLength}` : `${ipv6Address}/${ipv6PrefixLength}`);
    return cidr !== undefined && holds(cidr.subnet, parsed);
  });
  if (direct) return { endpoint: direct, direct: true };
  const gateway = electGateway(endpoints, parsed.family);
  return gateway && { endpoint: gateway, direct: false };
}

function routeStep(way: Way | undefined, address: string, { endpoints }: Sandbox): DoctorStep {
  if (!way) {
    const Says = `there is no way to ${address}: ${endpoints.map(({ networkName }) => networkName).join(', ') || 'no network'} has none out`;
    return {
      Step: 'route',
      Ok: false,
      Says,
      Hint: 'Internal networks and "none" lead nowhere; so do networks without this family.',
    };
  }
  const { endpoint, direct } = way;
  const gateway = address.includes(':') ? endpoint.ipv6Gateway : endpoint.gateway;
  const by = `by ${interfaceOf(endpoint)} (${endpoint.networkName})`;
  return {
    Step: 'route',
    Ok: true,
    Says: direct ? `${address} is a neighbour ${by}` : `${address} ${by}, gateway ${gateway}`,
  };
}

interface Owner {
  containerName: string;
  endpoint: Endpoint;
  sandbox: Sandbox;
}

function ownerOf(state: NetworksState, address: string): Owner | undefined {
  for (const { containerName, sandbox } of state.attached.values()) {
    const endpoint = sandbox.endpoints.find((one) => one.ipAddress === address || one.ipv6Address === address);
    if (endpoint) return { containerName, endpoint, sandbox };
  }
  return undefined;
}

function neighbourStep(state: NetworksState, own: Endpoint, other: Owner): DoctorStep {
  const Says = `it is ${other.containerName} in ${other.endpoint.networkName}`;
  if (other.endpoint.networkId !== own.networkId) {
    const Hint = `Networks are kept apart: connect both to one network, or publish the port of ${other.containerName}.`;
    return { Step: 'neighbour', Ok: false, Says, Hint };
  }
  const link = kernelOf(state).live.get(own.networkId)?.link;
  if (link?.kind === 'bridge' && !link.options.interContainer)
    return {
      Step: 'neighbour',
      Ok: false,
      Says,
      Hint: `${own.networkName} keeps its containers apart (enable_icc=false).`,
    };
  return { Step: 'neighbour', Ok: true, Says };
}

function connectStep(
  state: NetworksState,
  outcome: string,
  address: string,
  port: number,
  own: Endpoint,
  other: Owner | undefined,
): DoctorStep {
  const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  if (outcome === 'connected') return { Step: 'connect', Ok: true, Says: `${place} accepts connections` };
  const step: DoctorStep = { Step: 'connect', Ok: false, Says: `${place}: ${SENTENCES[outcome] ?? outcome}` };
  const path = other?.sandbox.namespacePath;
  const listeners = path === undefined ? undefined : listenersOn(path, 'tcp', port);
  if (listeners?.length === 0) step.Hint = `Nothing listens on ${port}/tcp in ${other?.containerName}.`;
  else if (listeners?.every((one) => one.startsWith('127.') || one === '::1'))
    step.Hint = `${other?.containerName} listens on ${listeners.join(', ')} only: make it listen on 0.0.0.0.`;
  else if (outcome === 'timeout') {
    const kernel = kernelOf(state);
    const [closed] = closedChains(kernel.nft, state.config.nftTable)(kernel.live.get(own.networkId)?.link.name ?? '');
    step.Hint = closed
      ? `On this host, ${closed}.`
      : 'Packets are dropped on the way: a firewall there, or no such machine.';
  }
  return step;
}

const SENTENCES: Record<string, string> = {
  ECONNREFUSED: 'refused: the machine is there, and nothing listens on the port',
  EHOSTUNREACH: 'no such machine in the network',
  ENETUNREACH: 'no route',
  timeout: 'no answer within three seconds',
};
const PATIENCE_MS = 3000;
