import { BerthError, type Scope } from '@berth/kit';
import { elementsOfSandbox, hostBinding, portTargets } from '../endpoint/elements.ts';
import type { PortWish, PublishedPort, Sandbox } from '../model.ts';
import type { Kernel } from '../state.ts';
import { isProxied } from './reserve.ts';

/**
 * Publishes what a sandbox wishes for, to where its endpoints lead now; `scope` takes it back. Ports of a container
 * whose way out is no bridge are not published. `listening` resolves when the proxies among them are.
 * Errors: conflict (`driver failed programming external connectivity on endpoint …`), invalid (no such host address).
 */
export function publishPorts(
  kernel: Kernel,
  scope: Scope,
  container: { containerId: string; containerName: string },
  sandbox: Sandbox,
): { ports: PublishedPort[]; listening: Promise<unknown> } {
  const { containerId, containerName } = container;
  const { endpoints } = sandbox;
  const wishes = sandbox.portWishes ?? [];
  const failed = (error: unknown) => withEndpoint(error, containerName, endpoints[0]?.endpointId ?? '');
  scope.add('host ports', () => kernel.ports.release(containerId));
  scope.add('port proxies', () => kernel.proxies.stop(containerId));
  try {
    const ports = reserve(kernel, containerId, wishes, sandbox);
    const elements = elementsOfSandbox(kernel, containerId, { ...sandbox, ports });
    kernel.elements.change({ add: elements });
    scope.add('port rules', () => kernel.elements.change({ remove: elements }));
    kernel.flows.forget(ports);
    const proxied = ports.filter(isProxied);
    kernel.ports.handOver(containerId);
    const { ipv4, ipv6 } = portTargets(kernel, endpoints);
    const listening = Promise.all(
      proxied.map((port) => kernel.proxies.start({ containerId, port, containerAddress: ipv4 || ipv6 })),
    ).catch((error: unknown) => {
      throw failed(error);
    });
    listening.catch(() => undefined); // awaited later; a failure before that must not count as unhandled
    return { ports, listening };
  } catch (error) {
    throw failed(error);
  }
}

function reserve(kernel: Kernel, containerId: string, wishes: readonly PortWish[], sandbox: Sandbox): PublishedPort[] {
  if (wishes.length === 0) return [];
  const targets = portTargets(kernel, sandbox.endpoints);
  const binding = hostBinding(kernel, sandbox.endpoints);
  const families = {
    4: targets.ipv4 !== '' && !targets.routed4,
    // A proxy carries IPv6 to a container that has only IPv4.
    6: targets.ipv6 === '' ? kernel.carriesIpv6 && targets.ipv4 !== '' && !targets.routed4 : !targets.routed6,
  };
  if (!families[4] && !families[6]) return [];
  return wishes.flatMap((wish) =>
    kernel.ports.reserve(containerId, { ...wish, hostIp: wish.hostIp === '' ? binding : wish.hostIp }, families),
  );
}

function withEndpoint(error: unknown, containerName: string, endpointId: string): unknown {
  if (!(error instanceof BerthError)) return error;
  return new BerthError(
    error.code,
    `driver failed programming external connectivity on endpoint ${containerName} (${endpointId}): ${error.message}`,
    {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.details === undefined ? {} : { details: error.details }),
      cause: error,
    },
  );
}
