import { errnoOf } from '@berth/kit';
import type { NetlinkRequest } from '../../linux/netlink.ts';
import type { Rtnetlink } from '../../linux/rtnetlink.ts';
import { deleteForwarding, deleteNeighbour, setForwarding, setNeighbour } from '../../linux/rtnetlink-neighbours.ts';
import { addressBytes } from '../ip-address.ts';
import type { LiveNetwork } from '../state.ts';
import type { ClusterEndpoint } from './model.ts';

/** Makes a container of another host reachable: which host its frames go to, and what MAC address its addresses have. */
export function addPeer(route: Rtnetlink, live: LiveNetwork | undefined, endpoint: ClusterEndpoint): void {
  const index = tunnelOf(live);
  if (index === undefined) return;
  const host = addressBytes(endpoint.vtep);
  if (host) route.run(setForwarding(index, endpoint.macAddress, host));
  for (const address of addressesOf(endpoint)) route.run(setNeighbour(index, address, endpoint.macAddress));
}

/** What is not known is as good as removed. */
export function removePeer(route: Rtnetlink, live: LiveNetwork | undefined, endpoint: ClusterEndpoint): void {
  const index = tunnelOf(live);
  if (index === undefined) return;
  const requests = [
    deleteForwarding(index, endpoint.macAddress),
    ...addressesOf(endpoint).map((address) => deleteNeighbour(index, address)),
  ];
  for (const request of requests) ignoreMissing(route, request);
}

function ignoreMissing(route: Rtnetlink, request: NetlinkRequest): void {
  try {
    route.run(request);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function addressesOf({ ipv4, ipv6 }: ClusterEndpoint): Buffer[] {
  return [ipv4, ipv6].flatMap((text) => (text === '' ? [] : (addressBytes(text) ?? [])));
}

function tunnelOf(live: LiveNetwork | undefined): number | undefined {
  return live?.link.kind === 'bridge' ? live.link.tunnel?.index : undefined;
}
