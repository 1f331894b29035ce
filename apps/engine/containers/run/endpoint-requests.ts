import type { EndpointWish } from '@berth/contract';
import { type EndpointRequest, isPredefined, type SandboxNetworking } from '../../networks/index.ts';
import type { ContainerRecord, ContainerSpec } from '../model.ts';
import { expandPorts } from '../parse/parse-ports.ts';
import type { LinkedContainer } from './links.ts';

/**
 * The networks that a container is to be in, by name or id, with its wishes about each: the endpoints that were given,
 * that of its mode first; the network of its mode alone where none were.
 */
export function wishedNetworks(
  spec: Pick<ContainerSpec, 'config' | 'hostConfig' | 'endpoints' | 'networksChosen'>,
): [string, EndpointWish][] {
  const mode = spec.hostConfig.NetworkMode;
  const wished = Object.entries(spec.endpoints);
  if (mode.startsWith('container:') || spec.config.NetworkDisabled) return [];
  if (wished.length === 0 && !spec.networksChosen) return [[mode, {}]];
  const first = wished.filter(([name]) => name === mode);
  const others = wished.filter(([name]) => name !== mode);
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
  if (spec.config.NetworkDisabled) return false;
  if (linked.length > 0 || spec.networksChosen) return true;
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
