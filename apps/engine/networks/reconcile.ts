import { readdirSync } from 'node:fs';
import { errnoOf } from '@berth/kit';
import { inNamespace, removeNamespace } from '../linux/netns.ts';
import { Rtnetlink, setBridgePort, setMaster } from '../linux/rtnetlink.ts';
import { portTargets } from './endpoint/elements.ts';
import { interfaceOf } from './endpoint/gateway.ts';
import type { Sandbox } from './model.ts';
import { connectPeer } from './overlay/apply.ts';
import { adoptAddress } from './pools.ts';
import { reconcileElements } from './ports/reconcile-elements.ts';
import { isProxied } from './ports/reserve.ts';
import { adoptSandboxes } from './resolver/book.ts';
import { type Kernel, kernelOf, type NetworksState, namespaceDirectory } from './state.ts';

/** A container that runs, as the engine remembers it. */
export interface LiveSandbox {
  containerId: string;
  containerName: string;
  sandbox: Sandbox;
}

/**
 * Makes the kernel agree with what should exist (see SandboxProvider.reconcile), both ways. Links of networks and table
 * stand already: start has seen to them.
 */
export async function reconcileSandboxes(state: NetworksState, all: readonly LiveSandbox[]): Promise<void> {
  const kernel = kernelOf(state);
  const live = all.filter(({ sandbox }) => sandbox.joined === undefined);
  state.attached.clear();
  kernel.ports.releaseAll();
  for (const { containerId, containerName, sandbox } of live) {
    state.attached.set(containerId, { containerName, sandbox });
    for (const { networkId, ipAddress, ipv6Address } of sandbox.endpoints)
      for (const address of [ipAddress, ipv6Address]) adoptAddress(kernel.live.get(networkId), address);
  }
  for (const endpoint of state.overlay?.view.endpoints.values() ?? []) connectPeer(state, endpoint);
  removeStaleNamespaces(state, live);
  reattachAll(state, kernel, live);
  reconcileElements(state);
  // The engine before may have died between the change of a rule and this.
  kernel.flows.forget(live.flatMap(({ sandbox }) => sandbox.ports));
  await reconcileProxies(state, kernel, live);
  reserveAgain(state, kernel, live);
  await adoptSandboxes(state);
  // Now it is known which of this host's addresses in the cluster are still in use.
  state.overlay?.begin();
}

function removeStaleNamespaces(state: NetworksState, live: readonly LiveSandbox[]): void {
  const directory = namespaceDirectory(state.config);
  const wanted = new Set(live.map(({ sandbox }) => sandbox.namespacePath));
  for (const name of readdirSync(directory)) {
    const path = `${directory}/${name}`;
    if (wanted.has(path)) continue;
    removeNamespace(path);
    state.log.info('removed a network namespace without container', { path });
  }
}

/** Puts the host's ends of containers' links back into their bridges where they are not there: the bridge was made anew. */
function reattachAll(state: NetworksState, kernel: Kernel, live: readonly LiveSandbox[]): void {
  const links = new Map(kernel.route.links().map((link) => [link.index, link]));
  for (const { containerId, containerName, sandbox } of live) {
    if (sandbox.namespacePath === undefined) continue;
    try {
      const peers = peersOf(sandbox, sandbox.namespacePath);
      for (const { networkId, peer } of peers) {
        const network = kernel.live.get(networkId);
        const end = links.get(peer);
        if (network?.link.kind !== 'bridge' || !end || end.master === network.link.index) continue;
        kernel.route.run(setMaster(end.name, network.link.index), setBridgePort(end.name));
        state.log.warn('put a container back into its network', {
          container: containerName,
          bridge: network.link.name,
        });
      }
    } catch (error) {
      state.log.error('a container has lost its network; restart it', {
        container: containerName,
        id: containerId,
        error,
      });
    }
  }
}

function peersOf(sandbox: Sandbox, namespacePath: string): { networkId: string; peer: number }[] {
  return inNamespace(namespacePath, () => {
    const inside = new Rtnetlink();
    try {
      return sandbox.endpoints
        .filter(({ macAddress }) => macAddress !== '')
        .flatMap((endpoint) => {
          const peer = peerOf(inside, interfaceOf(endpoint));
          return peer === undefined ? [] : [{ networkId: endpoint.networkId, peer }];
        });
    } finally {
      inside.close();
    }
  });
}

/** undefined when the container has removed the link itself. */
function peerOf(inside: Rtnetlink, name: string): number | undefined {
  try {
    return inside.link(name).peer;
  } catch (error) {
    if (errnoOf(error) === 'ENODEV') return undefined;
    throw error;
  }
}

async function reconcileProxies(state: NetworksState, kernel: Kernel, live: readonly LiveSandbox[]): Promise<void> {
  const wanted = live.flatMap(({ containerId, sandbox }) => {
    const { ipv4, ipv6 } = portTargets(kernel, sandbox.endpoints);
    return sandbox.ports.filter(isProxied).map((port) => ({ containerId, port, containerAddress: ipv4 || ipv6 }));
  });
  for (const wish of await kernel.proxies.adopt(wanted)) {
    try {
      await kernel.proxies.start(wish);
    } catch (error) {
      state.log.error('a published IPv6 port could not be restored', {
        container: wish.containerId,
        port: wish.port.hostPort,
        error,
      });
    }
  }
}

function reserveAgain(state: NetworksState, kernel: Kernel, live: readonly LiveSandbox[]): void {
  for (const { containerId, containerName, sandbox } of live) {
    for (const port of kernel.ports.restore(containerId, sandbox.ports)) {
      state.log.warn('another program took the host port of a container meanwhile', {
        container: containerName,
        port: port.hostPort,
        protocol: port.protocol,
      });
    }
  }
}
