import { BerthError, Scope } from '@berth/kit';
import { inNamespace } from '../linux/netns.ts';
import { Rtnetlink } from '../linux/rtnetlink.ts';
import { electGateway, setDefaultRoutes } from './endpoint/gateway.ts';
import { connectLink } from './endpoint/link.ts';
import { planEndpoint } from './endpoint/plan.ts';
import { disconnectLink } from './endpoint/unlink.ts';
import { findNetwork } from './find-network.ts';
import { type AttachRequest, type Endpoint, hasNames, type Sandbox } from './model.ts';
import { announce, liveOf } from './open.ts';
import { claimEndpoint, joined } from './overlay/claim.ts';
import { movePorts } from './ports/move.ts';
import { bookSandbox } from './resolver/book.ts';
import { kernelOf, type NetworksState } from './state.ts';

/** Adds a network to a container that runs (see SandboxProvider.attach). */
export async function attachSandbox(state: NetworksState, request: AttachRequest): Promise<Sandbox> {
  const { containerId, containerName, sandbox, endpoint: wanted } = request;
  const kernel = kernelOf(state);
  const network = findNetwork(state.networks.values(), wanted.network);
  const live = liveOf(kernel, network);
  const { namespacePath } = sandbox;
  if (namespacePath === undefined || sandbox.joined !== undefined) throw notOwn();
  if (sandbox.endpoints.some(({ networkId }) => networkId === network.id)) {
    throw new BerthError('forbidden', `endpoint with name ${containerName} already exists in network ${network.name}`);
  }
  const scope = new Scope();
  try {
    const taken = sandbox.endpoints.map(({ interfaceName }) => interfaceName ?? 'eth0');
    const endpoint = planEndpoint(scope, live, wanted, taken);
    if (network.driver === 'overlay') await claimEndpoint(state, scope, request, { live, endpoint, wish: wanted.wish });
    const next: Sandbox = { ...sandbox, endpoints: [...sandbox.endpoints, endpoint] };
    const inside = inNamespace(namespacePath, () => new Rtnetlink());
    try {
      scope.add('link', () => takeLinkBack(namespacePath, endpoint, next, sandbox));
      connectLink(kernel, live, { inside, namespacePath }, endpoint, wanted.wish);
      setDefaultRoutes(inside, sandbox.endpoints, next.endpoints);
    } finally {
      inside.close();
    }
    if (hasNames(network)) await bookSandbox(state, scope, containerId, next, sandbox.resolver?.dns ?? request.dns);
    if (wayChanged(sandbox, next)) next.ports = await movePorts(kernel, { containerId, containerName }, sandbox, next);
    scope.release();
    state.attached.set(containerId, { containerName, sandbox: next });
    joined(state, [endpoint]);
    announce(state, 'connect', network, containerId);
    return next;
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** The way back from an attachment that failed half-way. */
async function takeLinkBack(namespacePath: string, endpoint: Endpoint, half: Sandbox, before: Sandbox): Promise<void> {
  await disconnectLink(namespacePath, endpoint);
  const inside = inNamespace(namespacePath, () => new Rtnetlink());
  try {
    setDefaultRoutes(inside, half.endpoints, before.endpoints);
  } finally {
    inside.close();
  }
}

/** Whether a container's way out leads by another network now. */
export function wayChanged(before: Sandbox, now: Sandbox): boolean {
  return ([4, 6] as const).some(
    (family) => electGateway(before.endpoints, family)?.endpointId !== electGateway(now.endpoints, family)?.endpointId,
  );
}

export function notOwn(): BerthError {
  return new BerthError(
    'invalid',
    'container sharing network namespace with another container or host cannot be connected to any other network',
  );
}
