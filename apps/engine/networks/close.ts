import { errnoOf } from '@berth/kit';
import { removeNamespace } from '../linux/netns.ts';
import { parseIpv4 } from './ip-address.ts';
import type { Sandbox } from './model.ts';
import { elementsOfPorts } from './ports/port-elements.ts';
import { type Kernel, kernelOf, type NetworksState } from './state.ts';

/**
 * Removes a container's network (see SandboxProvider.close). The veth pair is not deleted: it goes with its namespace,
 * later and on the kernel's own time, while deleting it would cost 30 ms here.
 */
export async function closeSandbox(state: NetworksState, containerId: string, sandbox: Sandbox): Promise<void> {
  const kernel = kernelOf(state);
  // Rules are removed by host port alone: those of a container that is not attached may belong to another one by now.
  const attached = state.attached.delete(containerId);
  if (attached) withdrawPorts(kernel, containerId, sandbox);
  const stopped = kernel.proxies.stop(containerId);
  if (sandbox.namespacePath !== undefined) removeNamespace(sandbox.namespacePath);
  await stopped;
  kernel.ports.release(containerId);
  if (!attached) return;
  for (const { networkId, networkName, ipAddress } of sandbox.endpoints) {
    const address = parseIpv4(ipAddress);
    if (address !== undefined) kernel.bridges.get(networkId)?.addresses.release(address);
    const driver = state.networks.get(networkId)?.driver ?? '';
    state.publish('network', 'disconnect', networkId, { container: containerId, name: networkName, type: driver });
  }
}

function withdrawPorts(kernel: Kernel, containerId: string, { endpoints, ports }: Sandbox): void {
  // One by one: an element that somebody removed already must not keep the others.
  for (const element of endpoints.flatMap(({ ipAddress }) => elementsOfPorts(ports, ipAddress, containerId))) {
    try {
      kernel.elements.change({ remove: [element] });
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  kernel.flows.forget(ports);
}
