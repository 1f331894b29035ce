import type { SetElement } from '../../linux/nfnetlink.ts';
import type { Endpoint, Sandbox } from '../model.ts';
import { elementsOfPorts, openElements, type PortTargets } from '../ports/port-elements.ts';
import type { Kernel } from '../state.ts';
import { electGateway } from './gateway.ts';

/** Everything that the rules hold of one container. */
export function elementsOfSandbox(kernel: Kernel, containerId: string, sandbox: Sandbox): SetElement[] {
  const targets = portTargets(kernel, sandbox.endpoints);
  const addresses = sandbox.endpoints.map(({ ipAddress }) => ipAddress);
  return [
    ...elementsOfPorts(sandbox.ports, targets, containerId),
    ...openElements(targets, sandbox.portWishes ?? [], sandbox.linked ?? [], addresses, containerId),
  ];
}

/** Ports lead to a container by the networks that are its ways out, where these are bridges. */
export function portTargets(kernel: Kernel, endpoints: readonly Endpoint[]): PortTargets {
  const four = bridgeOf(kernel, electGateway(endpoints, 4));
  const six = bridgeOf(kernel, electGateway(endpoints, 6));
  return {
    ipv4: four?.endpoint.ipAddress ?? '',
    ipv6: six?.endpoint.ipv6Address ?? '',
    routed4: four?.options.mode4 === 'routed',
    routed6: six?.options.mode6 === 'routed',
  };
}

/** Host address that published ports without one get: '' for all. */
export function hostBinding(kernel: Kernel, endpoints: readonly Endpoint[]): string {
  return bridgeOf(kernel, electGateway(endpoints, 4))?.options.hostBinding ?? '';
}

function bridgeOf(kernel: Kernel, endpoint: Endpoint | undefined) {
  const link = endpoint && kernel.live.get(endpoint.networkId)?.link;
  return endpoint && link?.kind === 'bridge' ? { endpoint, options: link.options } : undefined;
}
