import { removeNamespace } from '../linux/netns.ts';
import { parseIpv4 } from './ip-address.ts';
import type { Sandbox } from './model.ts';
import { elementsOfPorts } from './ports/port-elements.ts';
import { kernelOf, type NetworksState } from './state.ts';

/**
 * Removes a container's network (see SandboxProvider.close). The veth pair is not deleted: it goes with its namespace,
 * later and on the kernel's own time, while deleting it would cost 30 ms here.
 */
export function closeSandbox(state: NetworksState, containerId: string, sandbox: Sandbox): void {
  const kernel = kernelOf(state);
  for (const endpoint of sandbox.endpoints) {
    // One by one: an element that somebody removed already must not keep the others.
    for (const element of elementsOfPorts(sandbox.ports, endpoint.ipAddress, containerId)) {
      try {
        kernel.elements.change({ remove: [element] });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      }
    }
  }
  kernel.flows.forget(sandbox.ports);
  kernel.proxies.stop(containerId);
  if (sandbox.namespacePath !== undefined) removeNamespace(sandbox.namespacePath);
  kernel.ports.release(containerId);
  if (!state.attached.delete(containerId)) return;
  for (const { networkId, networkName, ipAddress } of sandbox.endpoints) {
    const address = parseIpv4(ipAddress);
    if (address !== undefined) kernel.bridges.get(networkId)?.addresses.release(address);
    const driver = state.networks.get(networkId)?.driver ?? '';
    state.publish('network', 'disconnect', networkId, { container: containerId, name: networkName, type: driver });
  }
}
