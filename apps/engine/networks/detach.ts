import { BerthError, errnoOf } from '@berth/kit';
import { inNamespace } from '../linux/netns.ts';
import { Rtnetlink } from '../linux/rtnetlink.ts';
import { wayChanged } from './attach.ts';
import { setDefaultRoutes } from './endpoint/gateway.ts';
import { disconnectLink } from './endpoint/unlink.ts';
import type { Sandbox } from './model.ts';
import { announce } from './open.ts';
import { releaseAddress } from './pools.ts';
import { movePorts } from './ports/move.ts';
import { rebookSandbox } from './resolver/book.ts';
import { kernelOf, type NetworksState } from './state.ts';

/** Takes a network from a container that runs (see SandboxProvider.detach). */
export async function detachSandbox(
  state: NetworksState,
  containerId: string,
  sandbox: Sandbox,
  networkId: string,
): Promise<Sandbox> {
  const kernel = kernelOf(state);
  const endpoint = sandbox.endpoints.find((one) => one.networkId === networkId);
  const network = state.networks.get(networkId);
  if (!endpoint || sandbox.namespacePath === undefined) {
    throw new BerthError(
      'conflict',
      `container ${containerId} is not connected to network ${network?.name ?? networkId}`,
    );
  }
  const next: Sandbox = { ...sandbox, endpoints: sandbox.endpoints.filter((one) => one !== endpoint) };
  const containerName = state.attached.get(containerId)?.containerName ?? containerId.slice(0, 12);
  // Ports first: what is published must not lead to an address that somebody else may get.
  if (wayChanged(sandbox, next)) next.ports = await movePorts(kernel, { containerId, containerName }, sandbox, next);
  await disconnectLink(sandbox.namespacePath, endpoint);
  const inside = inNamespace(sandbox.namespacePath, () => new Rtnetlink());
  try {
    setDefaultRoutes(inside, sandbox.endpoints, next.endpoints);
  } catch (error) {
    // It is cut off. A container that renamed the links it keeps, or took them down, sees to its routes itself.
    if (errnoOf(error) === undefined) throw error;
    state.log.warn('the way out of a container could not be changed', { container: containerName, error });
  } finally {
    inside.close();
  }
  await rebookSandbox(state, containerId, next);
  for (const address of [endpoint.ipAddress, endpoint.ipv6Address]) releaseAddress(kernel.live.get(networkId), address);
  if (state.attached.has(containerId)) state.attached.set(containerId, { containerName, sandbox: next });
  state.overlay?.release(containerId, containerName, [endpoint]);
  if (network) announce(state, 'disconnect', network, containerId);
  return next;
}
