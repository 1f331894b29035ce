import { mkdirSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import { SetElements } from '../linux/nfnetlink.ts';
import { Nftables } from '../linux/nftables.ts';
import { deleteLink, Rtnetlink } from '../linux/rtnetlink.ts';
import { hasIpv6 } from '../linux/socket.ts';
import { withdrawForwarding } from './bridge/forward-policy.ts';
import { chooseBridgeAddresses, startBridge } from './bridge/start-bridge.ts';
import { findNetwork } from './find-network.ts';
import { guardRules, setRules } from './guard-rules.ts';
import { Proxies } from './ports/proxies.ts';
import { PortReservations } from './ports/reserve.ts';
import { StaleFlows } from './ports/stale-flows.ts';
import { restoreProxy } from './restore-proxy.ts';
import { type Kernel, kernelOf, type NetworksState, namespaceDirectory } from './state.ts';

/** Makes what all containers share: bridge, kernel settings, rules. What stands already is kept. */
export function startNetworks(state: NetworksState): void {
  stopNetworks(state);
  const { config } = state;
  checkNames(config);
  mkdirSync(namespaceDirectory(config), { recursive: true, mode: 0o700 });
  const kernel: Kernel = {
    route: new Rtnetlink(),
    nft: new Nftables(),
    elements: new SetElements(config.nftTable),
    ports: new PortReservations({ ipv6: hasIpv6(), nameOf: (id) => state.attached.get(id)?.containerName }),
    proxies: new Proxies(config.execRoot, (wish) => restoreProxy(state, wish)),
    flows: new StaleFlows(state.log),
    bridges: new Map(),
    guard: undefined,
  };
  try {
    const network = findNetwork(state.networks.values(), 'bridge');
    const spec = chooseBridgeAddresses(kernel.route, config, network.spec);
    const record = { ...network, spec };
    state.store.saveSpec(network.id, spec);
    state.networks.set(network.id, record);
    kernel.bridges.set(network.id, startBridge(kernel.route, config.bridge, record));
    state.kernel = kernel;
    setRules(state);
    kernel.guard = guardRules(state);
  } catch (error) {
    state.kernel = undefined;
    letGo(kernel);
    throw error;
  }
}

/** Lets go of handles and reservations. Containers and their ports go on. */
export function stopNetworks(state: NetworksState): void {
  if (state.kernel) letGo(state.kernel);
  state.kernel = undefined;
}

/** Takes bridge and rules away. Only for uninstalling and tests: containers lose their network. */
export async function destroyNetworks(state: NetworksState): Promise<void> {
  const kernel = kernelOf(state);
  await kernel.proxies.adopt([]);
  kernel.guard?.close();
  withdrawForwarding(kernel.nft, {
    table: state.config.nftTable,
    bridges: [...kernel.bridges.values()].map((bridge) => bridge.name),
  });
  kernel.nft.run(`add table inet ${state.config.nftTable}\ndelete table inet ${state.config.nftTable}\n`);
  for (const bridge of kernel.bridges.values()) {
    if (kernel.route.links().some((link) => link.name === bridge.name)) kernel.route.run(deleteLink(bridge.name));
  }
  stopNetworks(state);
}

/** Both become part of nft commands; the kernel limits link names to 15 bytes. */
function checkNames({ bridge, nftTable }: EngineConfig): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(bridge)) {
    throw new BerthError('invalid', `invalid bridge name ${JSON.stringify(bridge)}`, {
      hint: 'It has 1 to 15 letters, digits, dots, dashes or underscores.',
    });
  }
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/.test(nftTable)) {
    throw new BerthError('invalid', `invalid nftables table name ${JSON.stringify(nftTable)}`, {
      hint: 'It has up to 32 letters, digits, dots, dashes or underscores and begins with a letter.',
    });
  }
}

function letGo(kernel: Kernel): void {
  kernel.guard?.close();
  kernel.flows.close();
  kernel.proxies.release();
  kernel.ports.releaseAll();
  kernel.elements.close();
  kernel.nft.close();
  kernel.route.close();
}
