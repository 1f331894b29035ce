import type { NetworkResource } from '@berth/contract';
import { MTU } from './bridge/options.ts';
import { checkFilterNames, type Filters, filterNetworks } from './filters.ts';
import { findNetwork } from './find-network.ts';
import { type NetworkRecord, type PoolSpec, scopeOf } from './model.ts';
import type { NetworksState } from './state.ts';

/**
 * GET /networks. Filters: name (a part of it), id (its beginning), driver, scope, type, label, label!, dangling.
 * Errors: invalid (unknown filter or value).
 */
export function listNetworks(state: NetworksState, filters: Filters): NetworkResource[] {
  checkFilterNames(filters, ['name', 'id', 'driver', 'scope', 'type', 'label', 'label!', 'dangling']);
  const used = new Set(
    [...state.attached.values()].flatMap(({ sandbox }) => sandbox.endpoints.map(({ networkId }) => networkId)),
  );
  const isUsed = (network: NetworkRecord) => used.has(network.id) || state.users.containersOf(network).length > 0;
  return filterNetworks([...state.networks.values()], filters, isUsed).map((network) => toResource(state, network));
}

/** GET /networks/{id}: with the containers that are connected now. Errors: not-found. */
export function inspectNetwork(state: NetworksState, nameOrId: string): NetworkResource {
  const network = findNetwork(state.networks.values(), nameOrId);
  const containers: NetworkResource['Containers'] = {};
  for (const [containerId, { containerName, sandbox }] of state.attached) {
    const endpoint = sandbox.endpoints.find(({ networkId }) => networkId === network.id);
    if (!endpoint) continue;
    containers[containerId] = {
      Name: containerName,
      EndpointID: endpoint.endpointId,
      MacAddress: endpoint.macAddress,
      IPv4Address: endpoint.ipAddress && `${endpoint.ipAddress}/${endpoint.prefixLength}`,
      IPv6Address: endpoint.ipv6Address && `${endpoint.ipv6Address}/${endpoint.ipv6PrefixLength}`,
    };
  }
  return { ...toResource(state, network), Containers: containers };
}

function toResource(state: NetworksState, network: NetworkRecord): NetworkResource {
  const { spec } = network;
  const withoutAddresses = network.driver === 'host' || (network.driver === 'null' && !spec.configOnly);
  return {
    Name: network.name,
    Id: network.id,
    Created: new Date(network.createdAt).toISOString(),
    Scope: scopeOf(network),
    Driver: network.driver,
    EnableIPv4: spec.ipv4,
    EnableIPv6: spec.ipv6,
    IPAM: {
      Driver: spec.ipamDriver,
      Options: spec.ipamOptions,
      Config: withoutAddresses ? null : spec.pools.map(toConfig),
    },
    Internal: spec.internal,
    Attachable: spec.attachable,
    Ingress: false,
    ConfigFrom: { Network: spec.configFrom },
    ConfigOnly: spec.configOnly,
    Containers: {},
    Options: optionsOf(state, network),
    Labels: spec.labels,
  };
}

function toConfig({ subnet, ipRange, gateway, aux }: PoolSpec): NonNullable<NetworkResource['IPAM']['Config']>[number] {
  return {
    Subnet: subnet,
    ...(ipRange === '' ? {} : { IPRange: ipRange }),
    ...(gateway === '' ? {} : { Gateway: gateway }),
    ...(Object.keys(aux).length === 0 ? {} : { AuxiliaryAddresses: aux }),
  };
}

function optionsOf(state: NetworksState, network: NetworkRecord): Record<string, string> {
  if (network.name !== 'bridge') return network.spec.options;
  return { ...network.spec.options, [MTU]: String(state.kernel?.live.get(network.id)?.mtu ?? 1500) };
}
