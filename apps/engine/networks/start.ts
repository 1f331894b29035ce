import { mkdirSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import { SetElements } from '../linux/nfnetlink.ts';
import { Nftables } from '../linux/nftables.ts';
import { deleteLink, Rtnetlink } from '../linux/rtnetlink.ts';
import { hasIpv6 } from '../linux/socket.ts';
import { defaultBridgeSpec } from './bridge/default-bridge.ts';
import { withdrawForwarding } from './bridge/forward-policy.ts';
import { findNetwork } from './find-network.ts';
import { guardRules, setRules } from './guard-rules.ts';
import { aliasPrefix, bringUp } from './live-network.ts';
import { advertisedAddress } from './overlay/advertise.ts';
import { Overlay } from './overlay/overlay.ts';
import { Proxies } from './ports/proxies.ts';
import { PortReservations } from './ports/reserve.ts';
import { StaleFlows } from './ports/stale-flows.ts';
import { restoreNames } from './resolver/book.ts';
import { Resolver } from './resolver/resolver.ts';
import { restoreProxy } from './restore-proxy.ts';
import { bridgesOf, type Kernel, kernelOf, type NetworksState, namespaceDirectory } from './state.ts';
import { uplinkMtu } from './used-subnets.ts';

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
    carriesIpv6: config.userlandProxy,
    live: new Map(),
    resolver: new Resolver({
      execRoot: config.execRoot,
      build: process.env.BERTH_BUILD ?? 'sources',
      log: state.log,
      onLost: () => restoreNames(state),
    }),
    guard: undefined,
  };
  try {
    const network = findNetwork(state.networks.values(), 'bridge');
    const record = { ...network, spec: defaultBridgeSpec(kernel.route, config, network.spec) };
    state.store.saveSpec(network.id, record.spec);
    state.networks.set(network.id, record);
    state.kernel = kernel;
    if (config.clusterStore !== undefined)
      state.overlay = new Overlay(state, advertisedAddress(kernel.route, config.clusterAdvertise));
    bringUpAll(state, kernel);
    setRules(state);
    kernel.guard = guardRules(state);
  } catch (error) {
    state.kernel = undefined;
    endOverlay(state);
    letGo(kernel);
    throw error;
  }
}

/** The default bridge must stand; a network of a user whose parent is gone must not keep the engine from starting. */
function bringUpAll(state: NetworksState, kernel: Kernel): void {
  const mtu = uplinkMtu(kernel.route);
  for (const network of state.networks.values()) {
    try {
      const live = bringUp(state, network, mtu);
      if (live) kernel.live.set(network.id, live);
    } catch (error) {
      if (network.name === 'bridge') throw error;
      state.log.error('a network could not be brought up; containers cannot join it', { network: network.name, error });
    }
  }
  removeStrays(state, kernel);
}

/** Links of networks that were removed while no engine saw it through. */
function removeStrays(state: NetworksState, kernel: Kernel): void {
  const prefix = aliasPrefix(state);
  for (const { name, alias } of kernel.route.links()) {
    if (!alias.startsWith(prefix) || state.networks.has(alias.slice(prefix.length))) continue;
    kernel.route.run(deleteLink(name));
    state.log.info('removed the link of a network that is no more', { link: name });
  }
}

/** Lets go of handles and reservations. Containers and their ports go on. */
export function stopNetworks(state: NetworksState): void {
  endOverlay(state);
  if (state.kernel) letGo(state.kernel);
  state.kernel = undefined;
}

function endOverlay(state: NetworksState): void {
  state.overlay?.close();
  state.overlay = undefined;
}

/** Takes all links and rules away. Only for uninstalling and tests: containers lose their network. */
export async function destroyNetworks(state: NetworksState): Promise<void> {
  const kernel = kernelOf(state);
  await kernel.proxies.adopt([]);
  kernel.guard?.close();
  withdrawForwarding(kernel.nft, {
    table: state.config.nftTable,
    bridges: bridgesOf(kernel).map((bridge) => bridge.name),
  });
  kernel.nft.run(`add table inet ${state.config.nftTable}\ndelete table inet ${state.config.nftTable}\n`);
  const prefix = aliasPrefix(state);
  for (const { name, alias } of kernel.route.links()) {
    if (name === state.config.bridge || alias.startsWith(prefix)) kernel.route.run(deleteLink(name));
  }
  await kernel.resolver.end();
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
  kernel.resolver.release();
  kernel.flows.close();
  kernel.proxies.release();
  kernel.ports.releaseAll();
  kernel.elements.close();
  kernel.nft.close();
  kernel.route.close();
}
