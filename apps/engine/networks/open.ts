import { BerthError, Scope } from '@berth/kit';
import { setDefaultRoutes } from './endpoint/gateway.ts';
import { connectLink } from './endpoint/link.ts';
import { makeNamespace } from './endpoint/namespace.ts';
import { emptyEndpoint, planEndpoint } from './endpoint/plan.ts';
import { findNetwork } from './find-network.ts';
import { type EndpointRequest, hasNames, type NetworkRecord, type Sandbox, type SandboxRequest } from './model.ts';
import { claimEndpoint, joined } from './overlay/claim.ts';
import { publishPorts } from './ports/publish.ts';
import { readResolvConf } from './resolv-conf.ts';
import { bookSandbox } from './resolver/book.ts';
import { type Kernel, kernelOf, type LiveNetwork, type NetworksState, namespaceDirectory } from './state.ts';

/** Makes a container's network (see SandboxProvider.open). */
export async function openSandbox(state: NetworksState, request: SandboxRequest): Promise<Sandbox> {
  const kernel = kernelOf(state);
  if (state.attached.has(request.containerId))
    throw new BerthError('internal', `container ${request.containerName} has a network already`);
  const scope = new Scope();
  try {
    const wishes = wishesOf(state, request);
    const sandbox = await open(state, kernel, scope, wishes, request);
    scope.release();
    state.attached.set(request.containerId, { containerName: request.containerName, sandbox });
    joined(state, sandbox.endpoints);
    for (const { network } of wishes) announce(state, 'connect', network, request.containerId);
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

/** Tells of a container that joined or left a network. */
export function announce(
  state: NetworksState,
  action: 'connect' | 'disconnect',
  network: NetworkRecord,
  containerId: string,
): void {
  state.publish('network', action, network.id, { container: containerId, name: network.name, type: network.driver });
}

/** The network behind it stands. Errors: invalid (a template), internal. */
export function liveOf(kernel: Kernel, network: NetworkRecord): LiveNetwork {
  const live = kernel.live.get(network.id);
  if (live) return live;
  if (network.spec.configOnly) {
    throw new BerthError('forbidden', `cannot connect to network ${network.name}: it is a configuration only network`);
  }
  throw new BerthError('internal', `network ${network.name} has no link on this host`, {
    hint: "The engine's log says why it could not be made.",
  });
}

interface Wish extends EndpointRequest {
  record: NetworkRecord;
}

function wishesOf(state: NetworksState, request: SandboxRequest): { network: NetworkRecord; wish: Wish }[] {
  const { macAddress, networking } = request;
  if (macAddress !== undefined && !/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(macAddress)) {
    throw new BerthError('invalid', `invalid MAC address: ${macAddress}`);
  }
  const mode = request.mode === 'default' || request.mode === '' ? 'bridge' : request.mode;
  const endpoints = networking?.endpoints ?? [{ network: mode, wish: {}, dnsNames: [] }];
  return endpoints.map((endpoint, index) => {
    const network = findNetwork(state.networks.values(), endpoint.network);
    const wish = index === 0 && macAddress ? { MacAddress: macAddress, ...endpoint.wish } : endpoint.wish;
    return { network, wish: { ...endpoint, wish, record: network } };
  });
}

async function open(
  state: NetworksState,
  kernel: Kernel,
  scope: Scope,
  wishes: readonly { network: NetworkRecord; wish: Wish }[],
  request: SandboxRequest,
): Promise<Sandbox> {
  const [first] = wishes;
  if (first?.network.driver === 'host') {
    return {
      namespacePath: undefined,
      endpoints: [emptyEndpoint(first.network)],
      ports: [],
      resolvConf: undefined,
    };
  }
  const namespacePath = `${namespaceDirectory(state.config)}/${request.containerId}`;
  const resolvConf = readResolvConf();
  if (first?.network.driver === 'null' && !first.network.spec.configOnly) {
    (await makeNamespace(scope, namespacePath, request.userNamespace)).close();
    return { namespacePath, endpoints: [emptyEndpoint(first.network)], ports: [], resolvConf };
  }
  const sandbox: Sandbox = { namespacePath, endpoints: [], ports: [], resolvConf };
  // For networks that it may be connected to later, also when it has left all that it had and starts with none.
  if (request.ports.length > 0) sandbox.portWishes = request.ports;
  if (request.networking?.linked.length) sandbox.linked = request.networking.linked;
  if (!first) {
    (await makeNamespace(scope, namespacePath, request.userNamespace)).close();
    return sandbox;
  }
  const plans = wishes.map(({ network, wish }) => {
    const live = liveOf(kernel, network);
    const taken = sandbox.endpoints.map(({ interfaceName }) => interfaceName ?? '');
    const endpoint = planEndpoint(scope, live, wish, taken);
    sandbox.endpoints.push(endpoint);
    return { live, endpoint, wish: wish.wish };
  });
  for (const plan of plans)
    if (plan.live.network.driver === 'overlay') await claimEndpoint(state, scope, request, plan);
  // Reserved before anything is built, and proxies started before, so that they come up meanwhile.
  const { ports, listening } = publishPorts(kernel, scope, request, sandbox);
  sandbox.ports = ports;
  const inside = await makeNamespace(scope, namespacePath, request.userNamespace);
  try {
    for (const { live, endpoint, wish } of plans) connectLink(kernel, live, { inside, namespacePath }, endpoint, wish);
    setDefaultRoutes(inside, [], sandbox.endpoints);
  } finally {
    inside.close(); // it would keep the namespace alive
  }
  if (wishes.some(({ network }) => hasNames(network))) {
    await bookSandbox(state, scope, request.containerId, sandbox, request.networking?.dns ?? []);
  }
  await listening;
  return sandbox;
}
