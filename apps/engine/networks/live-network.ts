import { startBridge } from './bridge/start-bridge.ts';
import { startParent } from './macvlan/start-parent.ts';
import type { NetworkRecord } from './model.ts';
import { mtuOfAddress, noClusterStore } from './overlay/advertise.ts';
import { startOverlay } from './overlay/start-overlay.ts';
import { kernelOf, type LiveNetwork, type NetworksState } from './state.ts';
import { uplinkMtu } from './used-subnets.ts';

/** Makes what a network needs on this host, or finds it there; undefined for drivers that need nothing. Idempotent. */
export function bringUp(
  state: NetworksState,
  network: NetworkRecord,
  mtu = uplinkMtu(kernelOf(state).route),
): LiveNetwork | undefined {
  const { route } = kernelOf(state);
  if (network.spec.configOnly) return undefined;
  const facts = {
    defaultName: state.config.bridge,
    uplinkMtu: mtu,
    forward: state.config.ipForward,
    alias: aliasOf(state, network),
  };
  switch (network.driver) {
    case 'bridge':
      return startBridge(route, network, facts);
    case 'macvlan':
    case 'ipvlan':
      return startParent(route, network, network.driver, facts);
    case 'overlay':
      return startOverlay(route, network, { ...facts, ...tunnelOf(state) });
    case 'host':
    case 'null':
      return undefined;
  }
}

/** Errors: unavailable (no cluster store is configured). */
function tunnelOf(state: NetworksState): { vtep: string; port: number; uplinkMtu: number } {
  const { overlay, config } = state;
  if (!overlay) throw noClusterStore();
  return { vtep: overlay.vtep, port: config.overlayPort, uplinkMtu: mtuOfAddress(kernelOf(state).route, overlay.vtep) };
}

/** The mark of links that this engine made for a network of its user. */
export function aliasOf({ config }: Pick<NetworksState, 'config'>, network: Pick<NetworkRecord, 'id'>): string {
  return `${aliasPrefix({ config })}${network.id}`;
}

/** What the marks of one engine have in common. */
export function aliasPrefix({ config }: Pick<NetworksState, 'config'>): string {
  return `berth ${config.nftTable} `;
}
