import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { BerthError, errnoOf, Scope } from '@berth/kit';
import { createNamespace, inNamespace, removeNamespace } from '../linux/netns.ts';
import { addAddress, addDefaultRoute, newVeth, Rtnetlink, setBridgePort, setUp } from '../linux/rtnetlink.ts';
import { createOwnedNamespace } from '../linux/user-namespace.ts';
import { findNetwork } from './find-network.ts';
import { formatIpv4, ipv4Bytes, lastAddress, subnetOf } from './ip-address.ts';
import type { Endpoint, NetworkRecord, PublishedPort, Sandbox, SandboxRequest } from './model.ts';
import { elementsOfPorts } from './ports/port-elements.ts';
import { isProxied } from './ports/reserve.ts';
import { readResolvConf } from './resolv-conf.ts';
import { type Bridge, type Kernel, kernelOf, type NetworksState, namespaceDirectory } from './state.ts';

/** Makes a container's network (see SandboxProvider.open). */
export async function openSandbox(state: NetworksState, request: SandboxRequest): Promise<Sandbox> {
  const kernel = kernelOf(state);
  if (state.attached.has(request.containerId))
    throw new BerthError('internal', `container ${request.containerName} has a network already`);
  const { macAddress } = request;
  if (macAddress !== undefined && !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(macAddress)) {
    throw new BerthError('invalid', `invalid MAC address: ${macAddress}`);
  }
  const name = request.mode === 'default' || request.mode === '' ? 'bridge' : request.mode;
  const network = findNetwork(state.networks.values(), name);
  const scope = new Scope();
  try {
    const sandbox = await open(state, kernel, scope, network, request);
    scope.release();
    state.attached.set(request.containerId, { containerName: request.containerName, sandbox });
    state.publish('network', 'connect', network.id, {
      container: request.containerId,
      name: network.name,
      type: network.driver,
    });
    return sandbox;
  } catch (error) {
    await scope
      .close()
      .catch((cause: unknown) =>
        state.log.error('cannot clear up a half-made network', { container: request.containerId, error: cause }),
      );
    throw error;
  }
}

async function open(
  state: NetworksState,
  kernel: Kernel,
  scope: Scope,
  network: NetworkRecord,
  request: SandboxRequest,
): Promise<Sandbox> {
  const endpoint = emptyEndpoint(network);
  if (network.driver === 'host') {
    return { namespacePath: undefined, endpoints: [endpoint], ports: [], resolvConf: undefined };
  }
  const namespacePath = `${namespaceDirectory(state.config)}/${request.containerId}`;
  const resolvConf = readResolvConf();
  if (network.driver === 'null') {
    (await makeNamespace(scope, namespacePath, request.userNamespace)).close();
    return { namespacePath, endpoints: [endpoint], ports: [], resolvConf };
  }
  const bridge = kernel.bridges.get(network.id);
  if (!bridge) throw new BerthError('internal', `network ${network.name} has no bridge`);
  const address = bridge.addresses.take();
  scope.add('address', () => bridge.addresses.release(address));
  Object.assign(endpoint, addressesOf(bridge, address), { macAddress: request.macAddress ?? macOf(address) });
  // Reserved before anything is built, and proxies started before, so that they come up meanwhile.
  const { ports, listening } = publishPorts(state, scope, request, endpoint);
  const inside = await makeNamespace(scope, namespacePath, request.userNamespace);
  connect(kernel, inside, bridge, namespacePath, address, endpoint.macAddress);
  await listening;
  return { namespacePath, endpoints: [endpoint], ports, resolvConf };
}

/** A namespace with its loopback up and IPv6 only there; gives rtnetlink inside it. */
async function makeNamespace(scope: Scope, path: string, userNamespace: string | undefined): Promise<Rtnetlink> {
  removeNamespace(path); // an attempt that failed to clear up must not stop this one
  const prepare = () => {
    disableIpv6();
    return new Rtnetlink();
  };
  let inside: Rtnetlink;
  if (userNamespace === undefined) inside = createNamespace(path, prepare);
  else {
    await createOwnedNamespace(path, userNamespace);
    inside = inNamespace(path, prepare);
  }
  scope.add('namespace', () => removeNamespace(path));
  inside.run(setUp('lo'));
  return inside;
}

/** Links that come into the namespace have no IPv6 from the start: the network has none. */
function disableIpv6(): void {
  try {
    for (const [link, value] of [
      ['all', '1'],
      ['default', '1'],
      ['lo', '0'],
    ]) {
      writeFileSync(`/proc/sys/net/ipv6/conf/${link}/disable_ipv6`, value!);
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error; // a kernel without IPv6
  }
}

function connect(
  kernel: Kernel,
  inside: Rtnetlink,
  bridge: Bridge,
  namespacePath: string,
  address: number,
  macAddress: string,
): void {
  const namespaceFd = openSync(namespacePath, 'r');
  try {
    // A random name, because the link of a namespace that was just closed lives on for some ms under its name.
    const name = `veth${randomBytes(4).toString('hex').slice(0, 7)}`;
    kernel.route.run(
      newVeth({ name, mtu: bridge.mtu, master: bridge.index, peer: { name: CONTAINER_LINK, namespaceFd, macAddress } }),
      setBridgePort(name),
      setUp(name),
    );
    const { index } = inside.link(CONTAINER_LINK);
    const broadcast = ipv4Bytes(lastAddress(subnetOf(address, bridge.prefixLength)));
    inside.run(
      addAddress({ index, address: ipv4Bytes(address), prefixLength: bridge.prefixLength, broadcast }),
      setUp(CONTAINER_LINK),
      addDefaultRoute(ipv4Bytes(bridge.gateway), index),
    );
  } finally {
    closeSync(namespaceFd);
    inside.close(); // it would keep the namespace alive
  }
}

function publishPorts(
  state: NetworksState,
  scope: Scope,
  request: SandboxRequest,
  endpoint: Endpoint,
): { ports: PublishedPort[]; listening: Promise<unknown> } {
  const kernel = kernelOf(state);
  const { containerId, containerName } = request;
  const failed = (error: unknown) =>
    error instanceof BerthError
      ? new BerthError(
          error.code,
          `driver failed programming external connectivity on endpoint ${containerName} (${endpoint.endpointId}): ${error.message}`,
          {
            ...(error.hint === undefined ? {} : { hint: error.hint }),
            ...(error.details === undefined ? {} : { details: error.details }),
            cause: error,
          },
        )
      : error;
  scope.add('host ports', () => kernel.ports.release(containerId));
  scope.add('port proxies', () => kernel.proxies.stop(containerId));
  try {
    const ports = request.ports.flatMap((wish) => kernel.ports.reserve(containerId, wish));
    const elements = elementsOfPorts(ports, endpoint.ipAddress, containerId);
    kernel.elements.change({ add: elements });
    scope.add('port rules', () => kernel.elements.change({ remove: elements }));
    kernel.flows.forget(ports);
    const proxied = ports.filter(isProxied);
    kernel.ports.handOver(containerId);
    const listening = Promise.all(
      proxied.map((port) => kernel.proxies.start({ containerId, port, containerAddress: endpoint.ipAddress })),
    ).catch((error: unknown) => {
      throw failed(error);
    });
    listening.catch(() => undefined); // awaited later; a failure before that must not count as unhandled
    return { ports, listening };
  } catch (error) {
    throw failed(error);
  }
}

function emptyEndpoint(network: NetworkRecord): Endpoint {
  return {
    networkId: network.id,
    networkName: network.name,
    endpointId: randomBytes(32).toString('hex'),
    ipAddress: '',
    prefixLength: 0,
    gateway: '',
    ipv6Address: '',
    ipv6PrefixLength: 0,
    ipv6Gateway: '',
    macAddress: '',
  };
}

function addressesOf(bridge: Bridge, address: number): Pick<Endpoint, 'ipAddress' | 'prefixLength' | 'gateway'> {
  return { ipAddress: formatIpv4(address), prefixLength: bridge.prefixLength, gateway: formatIpv4(bridge.gateway) };
}

/** As Docker derives it: locally administered, the address in its last four bytes. */
function macOf(address: number): string {
  return `02:42:${ipv4Bytes(address)
    .toString('hex')
    .replace(/..(?!$)/g, '$&:')}`;
}

const CONTAINER_LINK = 'eth0';
