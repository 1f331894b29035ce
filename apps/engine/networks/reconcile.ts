import { readdirSync } from 'node:fs';
import { inNamespace, removeNamespace } from '../linux/netns.ts';
import { Rtnetlink, setBridgePort, setMaster } from '../linux/rtnetlink.ts';
import { parseIpv4 } from './ip-address.ts';
import type { Sandbox } from './model.ts';
import { reconcileElements } from './ports/reconcile-elements.ts';
import { isProxied } from './ports/reserve.ts';
import { type Kernel, kernelOf, type NetworksState, namespaceDirectory } from './state.ts';

/** A container that runs, as the engine remembers it. */
export interface LiveSandbox {
  containerId: string;
  containerName: string;
  sandbox: Sandbox;
}

/**
 * Makes the kernel agree with what should exist (see SandboxProvider.reconcile), both ways. Bridge and table stand
 * already: start has seen to them.
 */
export async function reconcileSandboxes(state: NetworksState, live: readonly LiveSandbox[]): Promise<void> {
  const kernel = kernelOf(state);
  state.attached.clear();
  kernel.ports.releaseAll();
  for (const { containerId, containerName, sandbox } of live) {
    state.attached.set(containerId, { containerName, sandbox });
    for (const { networkId, ipAddress } of sandbox.endpoints) {
      const address = parseIpv4(ipAddress);
      if (address !== undefined) kernel.bridges.get(networkId)?.addresses.adopt(address);
    }
  }
  removeStaleNamespaces(state, live);
  for (const container of live) reattach(state, kernel, container);
  reconcileElements(state);
  // The engine before may have died between the change of a rule and this.
  kernel.flows.forget(live.flatMap(({ sandbox }) => sandbox.ports));
  await reconcileProxies(state, kernel, live);
  reserveAgain(state, kernel, live);
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

/** Puts the host's end of a container's link back into the bridge when it is not there: the bridge was made anew. */
function reattach(state: NetworksState, kernel: Kernel, { containerId, containerName, sandbox }: LiveSandbox): void {
  const bridge = sandbox.endpoints.map(({ networkId }) => kernel.bridges.get(networkId)).find(Boolean);
  if (!bridge || sandbox.namespacePath === undefined) return;
  try {
    const peer = inNamespace(sandbox.namespacePath, () => {
      const inside = new Rtnetlink();
      try {
        return inside.link('eth0').peer;
      } finally {
        inside.close();
      }
    });
    const end = kernel.route.links().find((link) => link.index === peer);
    if (!end || end.master === bridge.index) return;
    kernel.route.run(setMaster(end.name, bridge.index), setBridgePort(end.name));
    state.log.warn('put a container back into its network', { container: containerName, bridge: bridge.name });
  } catch (error) {
    state.log.error('a container has lost its network; restart it', {
      container: containerName,
      id: containerId,
      error,
    });
  }
}

async function reconcileProxies(state: NetworksState, kernel: Kernel, live: readonly LiveSandbox[]): Promise<void> {
  const wanted = live.flatMap(({ containerId, sandbox }) =>
    sandbox.ports
      .filter(isProxied)
      .map((port) => ({ containerId, port, containerAddress: sandbox.endpoints[0]?.ipAddress ?? '' })),
  );
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
