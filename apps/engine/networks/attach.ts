import { BerthError, errnoOf, Scope } from '@berth/kit';
import { inNamespace } from '../linux/netns.ts';
import { deleteLink, Rtnetlink } from '../linux/rtnetlink.ts';
import { electGateway, interfaceOf, setDefaultRoutes } from './endpoint/gateway.ts';
import { connectLink } from './endpoint/link.ts';
import { planEndpoint } from './endpoint/plan.ts';
import { findNetwork } from './find-network.ts';
import { type AttachRequest, hasNames, type Sandbox } from './model.ts';
import { announce, liveOf } from './open.ts';
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
    const next: Sandbox = { ...sandbox, endpoints: [...sandbox.endpoints, endpoint] };
    const inside = inNamespace(namespacePath, () => new Rtnetlink());
    try {
      scope.add('link', () => takeLinkBack(namespacePath, interfaceOf(endpoint), next, sandbox));
      connectLink(kernel, live, { inside, namespacePath }, endpoint, wanted.wish);
      setDefaultRoutes(inside, sandbox.endpoints, next.endpoints);
    } finally {
      inside.close();
    }
    if (hasNames(network)) await bookSandbox(state, scope, containerId, next, sandbox.resolver?.dns ?? request.dns);
    if (wayChanged(sandbox, next)) next.ports = await movePorts(kernel, { containerId, containerName }, sandbox, next);
    scope.release();
    state.attached.set(containerId, { containerName, sandbox: next });
    announce(state, 'connect', network, containerId);
    return next;
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** The way back from an attachment that failed half-way. */
async function takeLinkBack(namespacePath: string, name: string, half: Sandbox, before: Sandbox): Promise<void> {
  const inside = inNamespace(namespacePath, () => new Rtnetlink());
  try {
    await removeLink(inside, name);
    setDefaultRoutes(inside, half.endpoints, before.endpoints);
  } finally {
    inside.close();
  }
}

/** Deletes a link on a pool thread: the kernel waits tens of ms for a grace period. One that is gone already is no error. */
export async function removeLink(inside: Rtnetlink, name: string): Promise<void> {
  try {
    await inside.runInBackground(deleteLink(name));
  } catch (error) {
    if (errnoOf(error) !== 'ENODEV') throw error; // the container removed it itself, or it never came about
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
