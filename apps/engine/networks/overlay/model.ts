import type { NetworkSpec } from '../model.ts';

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

/** What others wrote is read with care: undefined for what is no such record. */
export function readClusterNetwork(text: string): ClusterNetwork | undefined {
  const { id, name, createdAt, spec } = parse(text);
  if (!isText(id, /^[0-9a-f]{64}$/) || !isText(name, NAME) || typeof createdAt !== 'number') return undefined;
  if (typeof spec !== 'object' || spec === null || !('vni' in spec) || !('pools' in spec)) return undefined;
  const { vni, pools } = spec;
  if (!isVni(vni) || !Array.isArray(pools)) return undefined;
  return { id, name, createdAt, spec: spec as ClusterNetwork['spec'] };
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

export function isVni(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1 << 24;
}

const HEX = /^[0-9a-f]{64}$/;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_. -]{0,254}$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const IPV4_OR_NONE = /^(\d{1,3}(\.\d{1,3}){3})?$/;

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
