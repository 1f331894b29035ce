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
  /** `bridge` (or `default`), `host`, `none`. User-defined networks come with their own issue. */
  mode: string;
  ports: PortWish[];
  /** Wished MAC address of the default endpoint, or undefined. */
  macAddress: string | undefined;
  /** File of the user namespace that the network is to belong to; undefined: the host's. */
  userNamespace?: string | undefined;
  /** Sysctls of the network namespace that the runtime sets are not of interest here. */
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
}

/** A container's network, ready to be joined. Everything in it is JSON and is stored with the container. */
export interface Sandbox {
  /** File to join (bind mount of the namespace), or undefined for `host`. */
  namespacePath: string | undefined;
  endpoints: Endpoint[];
  ports: PublishedPort[];
  /** Name servers etc. to write to resolv.conf: already filtered for use inside the container; undefined for `host` (file of the host is used). */
  resolvConf: string | undefined;
}

/** What containers ask of networks. */
export interface SandboxProvider {
  /**
   * Makes namespace, link, addresses, routes and published ports in one go; undoes all of it when it fails.
   * Errors: not-found (network), conflict (`driver failed programming external connectivity …: port is already allocated`).
   */
  open(request: SandboxRequest): Promise<Sandbox>;
  /** Tells by which name inspect and errors are to call a container from now on. */
  rename(containerId: string, containerName: string): void;
  /** Removes all of it; idempotent; knows what to remove from what exists and from `sandbox`. */
  close(containerId: string, sandbox: Sandbox): Promise<void>;
  /** Called once at engine start with what should exist: adopts it, restores what is missing, removes the rest. */
  reconcile(live: { containerId: string; containerName: string; sandbox: Sandbox }[]): Promise<void>;
}

/** A network as stored. `driver` is the wire's word: `null` is that of the network `none`. */
export interface NetworkRecord {
  /** 64 lower-case hexadecimal digits. */
  id: string;
  name: string;
  driver: 'bridge' | 'host' | 'null';
  createdAt: number;
  spec: NetworkSpec;
}

/** Addresses of a network, '' as long as it has none. Kept, so that a network is the same after every start. */
export interface NetworkSpec {
  /** CIDR notation. */
  subnet: string;
  gateway: string;
}
