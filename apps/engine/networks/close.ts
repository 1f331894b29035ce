import { removeNamespace } from '../linux/netns.ts';
import type { Sandbox } from './model.ts';
import { announce } from './open.ts';
import { releaseAddress } from './pools.ts';
import { removeElements } from './ports/move.ts';
import { forgetSandbox } from './resolver/book.ts';
import { kernelOf, type NetworksState } from './state.ts';

/**
 * Removes a container's network (see SandboxProvider.close). Its links are not deleted: they go with their namespace,
 * later and on the kernel's own time, while deleting one would cost 30 ms here.
 */
export async function closeSandbox(state: NetworksState, containerId: string, sandbox: Sandbox): Promise<void> {
  if (sandbox.joined !== undefined) return;
  const kernel = kernelOf(state);
  // Rules are removed by host port alone: those of a container that is not attached may belong to another one by now.
  const name = state.attached.get(containerId)?.containerName ?? '';
  const attached = state.attached.delete(containerId);
  if (attached) removeElements(kernel, containerId, sandbox);
  if (sandbox.resolver) forgetSandbox(state, containerId);
  const stopped = kernel.proxies.stop(containerId);
  if (sandbox.namespacePath !== undefined) removeNamespace(sandbox.namespacePath);
  await stopped;
  kernel.ports.release(containerId);
  if (!attached) return;
  state.overlay?.release(containerId, name, sandbox.endpoints);
  for (const { networkId, ipAddress, ipv6Address } of sandbox.endpoints) {
    for (const address of [ipAddress, ipv6Address]) releaseAddress(kernel.live.get(networkId), address);
    const network = state.networks.get(networkId);
    if (network) announce(state, 'disconnect', network, containerId);
  }
}
