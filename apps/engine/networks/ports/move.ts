import { errnoOf, Scope } from '@berth/kit';
import { elementsOfSandbox } from '../endpoint/elements.ts';
import type { PublishedPort, Sandbox } from '../model.ts';
import type { Kernel } from '../state.ts';
import { publishPorts } from './publish.ts';

/**
 * Makes a container's published ports lead to it by its new way out; gives them as they are then. Ports that were
 * chosen at random stay what they are where that is possible.
 */
export async function movePorts(
  kernel: Kernel,
  container: { containerId: string; containerName: string },
  before: Sandbox,
  now: Sandbox,
): Promise<PublishedPort[]> {
  await withdrawPorts(kernel, container.containerId, before);
  const scope = new Scope();
  try {
    const { ports, listening } = publishPorts(kernel, scope, container, { ...now, portWishes: keepChoices(before) });
    await listening;
    scope.release();
    return ports;
  } catch (error) {
    await scope.close();
    await putBack(kernel, container, before);
    throw error;
  }
}

/** Another program may have the ports by now; then they stay unpublished, and the first error says why. */
async function putBack(
  kernel: Kernel,
  container: { containerId: string; containerName: string },
  before: Sandbox,
): Promise<void> {
  const scope = new Scope();
  try {
    await publishPorts(kernel, scope, container, { ...before, portWishes: keepChoices(before) }).listening;
    scope.release();
  } catch {
    await scope.close();
  }
}

/** Takes back all that the rules, proxies and reservations have of a container. */
export async function withdrawPorts(kernel: Kernel, containerId: string, sandbox: Sandbox): Promise<void> {
  removeElements(kernel, containerId, sandbox);
  await kernel.proxies.stop(containerId);
  kernel.ports.release(containerId);
}

/** One by one: an element that somebody removed already must not keep the others. */
export function removeElements(kernel: Kernel, containerId: string, sandbox: Sandbox): void {
  for (const element of elementsOfSandbox(kernel, containerId, sandbox)) {
    try {
      kernel.elements.change({ remove: [element] });
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  kernel.flows.forget(sandbox.ports);
}

function keepChoices({ portWishes = [], ports }: Sandbox): NonNullable<Sandbox['portWishes']> {
  return portWishes.map((wish) => {
    if (wish.hostPort === wish.hostPortEnd && wish.hostPort > 0) return wish;
    const had = ports.find((port) => port.containerPort === wish.containerPort && port.protocol === wish.protocol);
    return had ? { ...wish, hostPort: had.hostPort, hostPortEnd: had.hostPort } : wish;
  });
}
