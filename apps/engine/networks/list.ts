import type { NetworkResource } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { findNetwork } from './find-network.ts';
import type { NetworkRecord } from './model.ts';
import type { NetworksState } from './state.ts';

/** GET /networks. Filters: name and id (parts of them), driver, scope, type, label, dangling. Errors: invalid (unknown filter). */
export function listNetworks(
  state: NetworksState,
  filters: Readonly<Record<string, readonly string[]>>,
): NetworkResource[] {
  for (const name of Object.keys(filters)) {
    if (!FILTERS.has(name)) throw new BerthError('invalid', `invalid filter '${name}'`);
  }
  return [...state.networks.values()]
    .filter((network) => fits(network, filters))
    .map((network) => toResource(state, network));
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
  const { subnet, gateway } = network.spec;
  return {
    Name: network.name,
    Id: network.id,
    Created: new Date(network.createdAt).toISOString(),
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: network.driver === 'bridge' ? [{ Subnet: subnet, Gateway: gateway }] : null,
    },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: {},
    Options: optionsOf(state, network),
    Labels: {},
  };
}

function optionsOf(state: NetworksState, network: NetworkRecord): Record<string, string> {
  if (network.driver !== 'bridge') return {};
  return {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': 'true',
    'com.docker.network.bridge.enable_ip_masquerade': 'true',
    'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
    'com.docker.network.bridge.name': state.config.bridge,
    'com.docker.network.driver.mtu': String(state.kernel?.bridges.get(network.id)?.mtu ?? 1500),
  };
}

function fits(network: NetworkRecord, filters: Readonly<Record<string, readonly string[]>>): boolean {
  const any = (name: string, test: (value: string) => boolean) => {
    const values = filters[name] ?? [];
    return values.length === 0 || values.some(test);
  };
  return (
    any('name', (value) => network.name.includes(value)) &&
    any('id', (value) => network.id.startsWith(value)) &&
    any('driver', (value) => network.driver === value) &&
    any('scope', (value) => value === 'local') &&
    any('type', (value) => typeFilter(value) === 'builtin') &&
    any('dangling', (value) => !booleanFilter(value)) && // built-in networks never count as unused
    any('label', () => false) // built-in networks have no labels
  );
}

function typeFilter(value: string): string {
  if (value === 'builtin' || value === 'custom') return value;
  throw new BerthError('invalid', `invalid filter: 'type'='${value}'`);
}

function booleanFilter(value: string): boolean {
  if (['1', 'true', 'True', 'TRUE', 't', 'T'].includes(value)) return true;
  if (['0', 'false', 'False', 'FALSE', 'f', 'F'].includes(value)) return false;
  throw new BerthError('invalid', `invalid value for "dangling" filter: "${value}"`);
}

const FILTERS: ReadonlySet<string> = new Set(['name', 'id', 'driver', 'scope', 'type', 'label', 'dangling']);
