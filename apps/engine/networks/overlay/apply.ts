import { addRules, setTunnelHosts } from '../guard-rules.ts';
import { overlaps, parseCidr } from '../ip-address.ts';
import { bringUp } from '../live-network.ts';
import type { NetworkRecord } from '../model.ts';
import { adoptAddress, releaseAddress } from '../pools.ts';
import { takeDown } from '../remove.ts';
import { kernelOf, type NetworksState } from '../state.ts';
import { usedSubnets } from '../used-subnets.ts';
import type { ClusterChange, ClusterStore, Snapshot, StoredEndpoint } from './cluster-store.ts';
import type { ClusterEndpoint, ClusterNetwork } from './model.ts';
import { bookRemotes } from './names.ts';
import { recordOf } from './overlay.ts';
import { addPeer, removePeer } from './peers.ts';

/** The cluster as this host knows it. */
export interface ClusterView {
  /** Which engine this is. */
  readonly host: string;
  /** Containers of other hosts, by the key of the store that they are kept under; as in the table of rows. */
  readonly endpoints: Map<string, ClusterEndpoint & { key: string }>;
  /** Endpoints of this host that have addresses already and are not attached yet. */
  readonly joining: Set<string>;
  /** Networks that this engine is making now. */
  readonly making: Set<string>;
}

/** Makes this host agree with all that the store holds, and the store with the containers that are here. */
export async function applySnapshot(
  state: NetworksState,
  view: ClusterView,
  store: ClusterStore,
  vtep: string,
  snapshot: Snapshot,
): Promise<void> {
  const there = new Set(snapshot.networks.map(({ id }) => id));
  for (const network of [...state.networks.values()])
    if (network.driver === 'overlay' && !there.has(network.id)) networkGone(state, network.id);
  for (const network of snapshot.networks) addNetwork(state, view, network);
  const remote = new Map(snapshot.endpoints.filter(({ host }) => host !== view.host).map((one) => [one.key, one]));
  for (const key of [...view.endpoints.keys()]) if (!remote.has(key)) endpointGone(state, view, key);
  for (const { key, created: _, ...endpoint } of remote.values()) addEndpoint(state, view, key, endpoint);
  await settleOwn(
    state,
    view,
    store,
    vtep,
    snapshot.endpoints.filter(({ host }) => host === view.host),
  );
  settleHosts(state, view);
}

/** One change that another engine, or this one, made. */
export function change(state: NetworksState, view: ClusterView, one: ClusterChange): void {
  switch (one.kind) {
    case 'network':
      addNetwork(state, view, one.network);
      break;
    case 'network-gone':
      networkGone(state, one.id);
      break;
    case 'endpoint':
      if (one.endpoint.host !== view.host) addEndpoint(state, view, one.key, one.endpoint);
      break;
    case 'endpoint-gone':
      endpointGone(state, view, one.key);
      break;
  }
  settleHosts(state, view);
}

/** Rules and names follow what is known of other hosts. */
function settleHosts(state: NetworksState, view: ClusterView): void {
  setTunnelHosts(state);
  void bookRemotes(state, view);
}

function addNetwork(state: NetworksState, view: ClusterView, { id, name, createdAt, spec }: ClusterNetwork): void {
  if (state.networks.has(id) || view.making.has(id)) return;
  const kernel = kernelOf(state);
  const namesake = [...state.networks.values()].find((network) => network.name === name);
  if (namesake) {
    state.log.warn('a network of the cluster has the name of one of this host; it is not seen here', { network: name });
    return;
  }
  const taken = overlapOf(state, spec);
  if (taken !== undefined) {
    const facts = { network: name, subnet: taken };
    state.log.warn('a network of the cluster has a subnet that this host has otherwise; it is not seen here', facts);
    return;
  }
  const network: NetworkRecord = { id, name, driver: 'overlay', createdAt, spec };
  state.store.insert(network);
  state.networks.set(id, network);
  try {
    const live = bringUp(state, network);
    if (!live) return;
    kernel.live.set(id, live);
    addRules(state, live);
    kernel.resolver.expect();
    for (const endpoint of view.endpoints.values()) if (endpoint.networkId === id) connectPeer(state, endpoint);
  } catch (error) {
    state.log.error('a network of the cluster could not be brought up; containers cannot join it', {
      network: name,
      error,
    });
  }
}

/** A subnet of the network that another network or a link of this host has already. */
function overlapOf(state: NetworksState, spec: ClusterNetwork['spec']): string | undefined {
  const others = [...state.networks.values()].filter((network) => !network.spec.configOnly);
  const taken = [
    ...usedSubnets(kernelOf(state).route),
    ...others.flatMap((network) => network.spec.pools.flatMap((pool) => parseCidr(pool.subnet)?.subnet ?? [])),
  ];
  return spec.pools.find((pool) => {
    const subnet = parseCidr(pool.subnet)?.subnet;
    return subnet && taken.some((other) => overlaps(subnet, other));
  })?.subnet;
}

function networkGone(state: NetworksState, id: string): void {
  const network = state.networks.get(id);
  if (network?.driver !== 'overlay') return;
  const used = [...state.attached.values()].some(({ sandbox }) =>
    sandbox.endpoints.some((one) => one.networkId === id),
  );
  if (used) {
    state.log.error('the cluster no longer has a network that containers of this host are in', {
      network: network.name,
    });
    return;
  }
  takeDown(state, network).catch((error: unknown) =>
    state.log.error('a network of the cluster could not be taken down', { network: network.name, error }),
  );
}

function addEndpoint(state: NetworksState, view: ClusterView, key: string, endpoint: ClusterEndpoint): void {
  const before = view.endpoints.get(key);
  if (before && JSON.stringify(before) === JSON.stringify({ ...endpoint, key })) return;
  if (before) endpointGone(state, view, key);
  const known = { ...endpoint, key };
  // The row comes first: what stands in the kernel is always found again.
  state.store.saveRemoteEndpoint(known);
  view.endpoints.set(key, known);
  connectPeer(state, endpoint);
}

/** Makes one reachable from here, and its addresses nobody else's. */
export function connectPeer(state: NetworksState, endpoint: ClusterEndpoint): void {
  const kernel = kernelOf(state);
  const live = kernel.live.get(endpoint.networkId);
  for (const address of [endpoint.ipv4, endpoint.ipv6]) adoptAddress(live, address);
  try {
    addPeer(kernel.route, live, endpoint);
  } catch (error) {
    state.log.error('a container of another host cannot be reached', { container: endpoint.containerName, error });
  }
}

function endpointGone(state: NetworksState, view: ClusterView, key: string): void {
  const endpoint = view.endpoints.get(key);
  if (!endpoint) return;
  const kernel = kernelOf(state);
  const live = kernel.live.get(endpoint.networkId);
  try {
    removePeer(kernel.route, live, endpoint);
  } catch (error) {
    state.log.error('the way to a container of another host could not be removed', { ip: endpoint.ipv4, error });
  }
  for (const address of [endpoint.ipv4, endpoint.ipv6]) releaseAddress(live, address);
  view.endpoints.delete(key);
  state.store.deleteRemoteEndpoint(key);
}

/** What the store has of this host and is no more goes; what it lacks, or has otherwise, is written. */
async function settleOwn(
  state: NetworksState,
  view: ClusterView,
  store: ClusterStore,
  vtep: string,
  stored: readonly StoredEndpoint[],
): Promise<void> {
  const own = new Map<string, ClusterEndpoint>();
  for (const [id, { containerName, sandbox }] of state.attached) {
    for (const endpoint of sandbox.endpoints) {
      if (state.networks.get(endpoint.networkId)?.driver !== 'overlay') continue;
      own.set(endpoint.endpointId, recordOf({ vtep, view }, { id, name: containerName }, endpoint));
    }
  }
  for (const endpoint of stored)
    if (!own.has(endpoint.endpointId) && !view.joining.has(endpoint.endpointId)) await store.release(endpoint);
  const known = new Map(stored.map(({ key: _, created: __, ...endpoint }) => [endpoint.endpointId, endpoint]));
  for (const [id, endpoint] of own) {
    const before = known.get(id);
    if (before && JSON.stringify(before) === JSON.stringify(endpoint)) continue;
    if (before) await store.update(endpoint);
    else if (!(await store.claim(endpoint))) {
      state.log.error('another host has the address of a container; restart it', {
        container: endpoint.containerName,
        address: endpoint.ipv4,
      });
    }
  }
}
