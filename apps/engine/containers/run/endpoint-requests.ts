import type { EndpointWish } from '@berth/contract';
import { type EndpointRequest, isPredefined, type SandboxNetworking } from '../../networks/index.ts';
import type { ContainerRecord, ContainerSpec } from '../model.ts';
import { expandPorts } from '../parse/parse-ports.ts';
import type { LinkedContainer } from './links.ts';

/** The networks that a container is to be in, by name or id, that of its mode first, with its wishes about each. */
export function wishedNetworks({ hostConfig, endpoints, networksChosen }: ContainerSpec): [string, EndpointWish][] {
  const mode = hostConfig.NetworkMode;
  const wished = Object.entries(endpoints);
  if (mode.startsWith('container:')) return [];
  const first = wished.filter(([name]) => name === mode);
  const others = wished.filter(([name]) => name !== mode);
  if (first.length === 0 && !networksChosen) first.push([mode, {}]);
  return [...first, ...others];
}

/** The names by which a container is found on a network of a user; the first one also for its address. */
export function dnsNamesOf(record: Pick<ContainerRecord, 'id' | 'name' | 'spec'>, wish: EndpointWish): string[] {
  const { Hostname } = record.spec.config;
  return [...new Set([record.name, ...(wish.Aliases ?? []), record.id.slice(0, 12), Hostname])].filter(Boolean);
}

export function endpointRequest(
  record: Pick<ContainerRecord, 'id' | 'name' | 'spec'>,
  network: string,
  wish: EndpointWish,
): EndpointRequest {
  return { network, wish, dnsNames: dnsNamesOf(record, wish) };
}

/** False for a container on the default bridge, on `host` or `none`, that wishes for nothing more: the quick way. */
export function needsNetworking(spec: ContainerSpec, linked: readonly LinkedContainer[]): boolean {
  if (linked.length > 0 || spec.networksChosen) return true;
  if (spec.config.NetworkDisabled) return false;
  const { NetworkMode, Dns } = spec.hostConfig;
  if (!isPredefined(NetworkMode)) return true;
  return Object.entries(spec.endpoints).some(
    ([name, { MacAddress, ...wish }]) => name !== NetworkMode || Object.values(wish).some(isWish) || Dns.length > 0,
  );
}

export function requestNetworking(record: ContainerRecord, linked: readonly LinkedContainer[]): SandboxNetworking {
  const { spec } = record;
  return {
    endpoints: wishedNetworks(spec).map(([network, wish]) => endpointRequest(record, network, wish)),
    dns: spec.hostConfig.Dns,
    linked: linked.map(({ address, exposed }) => ({ address, ports: expandPorts(exposed) })),
  };
}

function isWish(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === 0) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
