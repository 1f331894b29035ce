import type { EndpointWish } from '@berth/contract';

/** One wish of `-p`: Docker's PortBindings entry. Host port 0 means: choose one. */
export interface PortWish {
  containerPort: number;
  protocol: 'tcp' | 'udp' | 'sctp';
  /** '' means all addresses, IPv4 and IPv6. */
  hostIp: string;
  hostPort: number;
  /** End of the host port range (inclusive) to choose from; equal to hostPort normally. */
  hostPortEnd: number;
}

/** A published port as it stands. `hostIp` is `0.0.0.0` and `::` in entries of their own when all addresses were wished. */
export interface PublishedPort {
  containerPort: number;
  protocol: 'tcp' | 'udp' | 'sctp';
  hostIp: string;
  hostPort: number;
}

/** What a container needs from networks when it starts. */
export interface SandboxRequest {
  containerId: string;
  containerName: string;
  /** `bridge` (or `default`, ``), `host`, `none`, or a user-defined network by name or id. */
  mode: string;
  ports: PortWish[];
  /** Wished MAC address of the default endpoint, or undefined. */
  macAddress: string | undefined;
  /** File of the user namespace that the network is to belong to; undefined: the host's. */
  userNamespace?: string | undefined;
  /** Further facts of a container that is in more than the default bridge; most have none. */
  networking?: SandboxNetworking;
}

/** What only containers with wishes about networks have. */
export interface SandboxNetworking {
  /** Networks by name or id, in the order to connect them. Without any: loopback alone. */
  endpoints: EndpointRequest[];
  /** Name servers of `--dns`, asked by the resolver from within the container's network. */
  dns: string[];
  /** Opens what `icc=false` closes: from this container to those, on their exposed ports. */
  linked: { address: string; ports: { port: number; protocol: PortWish['protocol'] }[] }[];
}

/** One network that a container is to join. */
export interface EndpointRequest {
  network: string;
  wish: EndpointWish;
  /** Under which the container is found on a user-defined network; the first one also for its address. */
  dnsNames: string[];
}

/** One attachment of a container to a network. */
export interface Endpoint {
  networkId: string;
  networkName: string;
  endpointId: string;
  /** IPv4 without prefix; '' when none. */
  ipAddress: string;
  prefixLength: number;
  gateway: string;
  ipv6Address: string;
  ipv6PrefixLength: number;
  ipv6Gateway: string;
  macAddress: string;
  /** Name of the link inside; `eth0` when left out. */
  interfaceName?: string;
  /** By what it is cut off: the host's end of its veth pair, or the index inside of a link of another kind. */
  hostLink?: string;
  linkIndex?: number;
  gwPriority?: number;
  /** As in EndpointRequest; only on user-defined networks. */
  dnsNames?: string[];
  /** `CONTAINER:ALIAS`: names that only this container knows others by. */
  links?: string[];
  linkLocal?: string[];
}

/** A container's network, ready to be joined. Everything in it is JSON and is stored with the container. */
export interface Sandbox {
  /** File to join (bind mount of the namespace), or undefined for `host`. */
  namespacePath: string | undefined;
  endpoints: Endpoint[];
  ports: PublishedPort[];
  /** Name servers etc. to write to resolv.conf: already filtered for use inside the container; undefined for `host` (file of the host is used). */
  resolvConf: string | undefined;
  /** Present where the engine's resolver answers on 127.0.0.11. */
  resolver?: { udpPort: number; tcpPort: number; dns: string[] };
  /** Id of the container whose network this is; nothing here is to be taken down then. */
  joined?: string;
  /** What was asked to be published, kept for when another network becomes the way out. */
  portWishes?: PortWish[];
  /** As in SandboxNetworking. */
  linked?: SandboxNetworking['linked'];
}

/** What containers ask of networks. */
export interface SandboxProvider {
  /**
   * Makes namespace, links, addresses, routes, published ports and names in one go; undoes all of it when it fails.
   * Errors: not-found (network), conflict (`driver failed programming external connectivity …: port is already allocated`),
   * forbidden (address in use), invalid (wishes that do not fit the network).
   */
  open(request: SandboxRequest): Promise<Sandbox>;
  /** Adds a network to a sandbox that runs; gives the sandbox as it is then. Errors: as `open`. */
  attach(request: AttachRequest): Promise<Sandbox>;
  /** Takes a network from a sandbox that runs. Errors: conflict (not connected). */
  detach(containerId: string, sandbox: Sandbox, networkId: string): Promise<Sandbox>;
  /** Tells by which name inspect, errors and other containers are to call a container from now on; its sandbox when that changed. */
  rename(containerId: string, containerName: string): Promise<Sandbox | undefined>;
  /** The id of a network. Errors: not-found, invalid (ambiguous). */
  find(nameOrId: string): NetworkName;
  /** Removes all of it; idempotent; knows what to remove from what exists and from `sandbox`. */
  close(containerId: string, sandbox: Sandbox): Promise<void>;
  /** Called once at engine start with what should exist: adopts it, restores what is missing, removes the rest. */
  reconcile(live: { containerId: string; containerName: string; sandbox: Sandbox }[]): Promise<void>;
}

/** What networks ask of containers; joined in main.ts. Networks are looked up after the container, as Docker does it. */
export interface NetworkUsers {
  /** Names of the containers that are in a network when they run, also of those that do not run now. */
  containersOf(network: { id: string; name: string }): string[];
  /** Puts a container into a network: at once when it runs, else from its next start on. Errors: not-found, conflict, those of `attach`. */
  connect(container: string, network: () => NetworkName, wish: EndpointWish): Promise<void>;
  /** Takes it out. Errors: not-found, conflict (not connected). */
  disconnect(container: string, network: () => NetworkName, options: { force: boolean }): Promise<void>;
}

export interface NetworkName {
  id: string;
  name: string;
  driver: string;
}

export interface AttachRequest {
  containerId: string;
  containerName: string;
  sandbox: Sandbox;
  endpoint: EndpointRequest;
  /** As in SandboxNetworking. */
  dns: string[];
}

export const DRIVERS = ['bridge', 'host', 'ipvlan', 'macvlan', 'null', 'overlay'] as const;
export type DriverName = (typeof DRIVERS)[number];

/** A network as stored. `driver` is the wire's word: `null` is that of the network `none`. */
export interface NetworkRecord {
  /** 64 lower-case hexadecimal digits. */
  id: string;
  name: string;
  driver: DriverName;
  createdAt: number;
  spec: NetworkSpec;
}

/** What a network was asked to be, and the addresses that it got. */
export interface NetworkSpec {
  ipv4: boolean;
  ipv6: boolean;
  internal: boolean;
  attachable: boolean;
  /** Only a template for others. */
  configOnly: boolean;
  /** Name of the template, '' when none. */
  configFrom: string;
  labels: Record<string, string>;
  /** Options of the driver (`-o`). */
  options: Record<string, string>;
  ipamDriver: string;
  ipamOptions: Record<string, string> | null;
  /** Subnets, IPv4 first. Kept, so that a network is the same after every start. */
  pools: PoolSpec[];
  /** VXLAN number of a network over several hosts. */
  vni?: number;
}

/** Docker's names of auxiliary addresses that containers leave by, in the place of the bridge. */
export const GATEWAY_NAMES = { 4: 'DefaultGatewayIPv4', 6: 'DefaultGatewayIPv6' } as const;

/** One subnet of a network; CIDR notation and addresses as text. */
export interface PoolSpec {
  subnet: string;
  /** The part to choose addresses from, '' for all. */
  ipRange: string;
  /** '' where the network has none. */
  gateway: string;
  /** Addresses that belong to something else, by a name for it. */
  aux: Record<string, string>;
  /** The user named the subnet: then, and only then, containers may wish for addresses. */
  wished: boolean;
}

export const NO_SPEC: NetworkSpec = {
  ipv4: true,
  ipv6: false,
  internal: false,
  attachable: false,
  configOnly: false,
  configFrom: '',
  labels: {},
  options: {},
  ipamDriver: 'default',
  ipamOptions: null,
  pools: [],
};

/** The networks that are always there. */
export function isPredefined(name: string): boolean {
  return ['bridge', 'host', 'none', 'default'].includes(name);
}

/** Containers are found by name only on networks that users made. */
export function hasNames(network: Pick<NetworkRecord, 'name'>): boolean {
  return !isPredefined(network.name);
}

/** Whether the network is known to this engine alone or to all of its cluster. */
export function scopeOf({ driver }: Pick<NetworkRecord, 'driver'>): 'local' | 'global' {
  return driver === 'overlay' ? 'global' : 'local';
}
