import { readBridgeOptions } from '../bridge/options.ts';
import { checkIpam } from '../check-ipam.ts';
import { isPredefined, type NetworkSpec, NO_SPEC, type PoolSpec } from '../model.ts';
import { checkOptionNames } from '../option-names.ts';
import { isVni, readOverlayOptions } from './options.ts';

/** A network over several hosts, as all of their engines know it. */
export interface ClusterNetwork {
  id: string;
  name: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** With its VXLAN number. */
  spec: NetworkSpec & { vni: number };
}

/** A container in such a network, as the engines of the other hosts know it. */
export interface ClusterEndpoint {
  endpointId: string;
  networkId: string;
  networkName: string;
  /** Which engine has the container. */
  host: string;
  /** IPv4 address of that engine's end of the tunnel. */
  vtep: string;
  containerId: string;
  containerName: string;
  macAddress: string;
  /** '' where there is none. */
  ipv4: string;
  ipv6: string;
  /** Names that it is found by. */
  names: string[];
}

/** What others wrote is read with care: undefined for what is no such record, or asks for what no network may have. */
export function readClusterNetwork(text: string): ClusterNetwork | undefined {
  const { id, name, createdAt, spec } = parse(text);
  if (!isText(id, HEX) || !isText(name, NAME) || isPredefined(name)) return undefined;
  if (typeof createdAt !== 'number' || !(Math.abs(createdAt) < LAST_TIME)) return undefined;
  const read = readSpec(spec);
  return read && { id, name, createdAt, spec: read };
}

function readSpec(value: unknown): ClusterNetwork['spec'] | undefined {
  const { ipv4, ipv6, internal, attachable, labels, options, pools, vni } = recordOf(value);
  const flags = [ipv4, ipv6, internal, attachable];
  if (!isVni(vni) || !flags.every((flag) => typeof flag === 'boolean')) return undefined;
  if (!isTexts(labels) || !isTexts(options) || !Array.isArray(pools) || pools.length > POOLS_MAX) return undefined;
  const read = pools.flatMap((pool) => readPool(pool) ?? []);
  if (read.length !== pools.length) return undefined;
  try {
    checkIpam(read, true);
    checkOptionNames('overlay', options);
    readOverlayOptions(options);
    readBridgeOptions(options, internal === true);
  } catch {
    return undefined;
  }
  return {
    ...{ ...NO_SPEC, labels, options, pools: read, vni },
    ...{ ipv4: ipv4 === true, ipv6: ipv6 === true, internal: internal === true, attachable: attachable === true },
  };
}

function readPool(value: unknown): PoolSpec | undefined {
  const { subnet, ipRange, gateway, aux, wished } = recordOf(value);
  if (!isText(subnet, CIDR) || !isText(ipRange, CIDR_OR_NONE) || !isText(gateway, ADDRESS_OR_NONE)) return undefined;
  if (!isTexts(aux) || !Object.values(aux).every((address) => isText(address, ADDRESS_OR_NONE))) return undefined;
  return { subnet, ipRange, gateway, aux, wished: wished === true };
}

/** As `readClusterNetwork`. */
export function readClusterEndpoint(text: string): ClusterEndpoint | undefined {
  const record = parse(text);
  const { endpointId, networkId, networkName, host, vtep, containerId, containerName, names } = record;
  const { macAddress, ipv4, ipv6 } = record;
  if (!isText(endpointId, HEX) || !isText(networkId, HEX) || !isText(containerId, HEX)) return undefined;
  if (!isText(networkName, NAME) || !isText(containerName, NAME) || !isText(host, /^[0-9a-f]{16}$/)) return undefined;
  if (!isText(vtep, IPV4) || !isText(macAddress, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)) return undefined;
  if (!isText(ipv4, IPV4_OR_NONE) || !isText(ipv6, /^[0-9a-f:.]{0,45}$/)) return undefined;
  if (!Array.isArray(names) || !names.every((name) => isText(name, /^.{1,255}$/))) return undefined;
  const facts = { endpointId, networkId, networkName, host, vtep, containerId, containerName };
  return { ...facts, macAddress, ipv4, ipv6, names };
}

/** Milliseconds that a Date can hold (ECMA-262). */
const LAST_TIME = 8.64e15;
const POOLS_MAX = 16;
const CIDR = /^[0-9a-f:.]{2,45}\/\d{1,3}$/;
const CIDR_OR_NONE = /^([0-9a-f:.]{2,45}\/\d{1,3})?$/;
const ADDRESS_OR_NONE = /^[0-9a-f:.]{0,45}$/;
const HEX = /^[0-9a-f]{64}$/;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_. -]{0,254}$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const IPV4_OR_NONE = /^(\d{1,3}(\.\d{1,3}){3})?$/;

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function parse(text: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}
