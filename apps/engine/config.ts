/**
 * What one engine is told at start. Every path, name and range that the engine makes in the system derives from here,
 * so that several engines run side by side on one machine.
 */
export interface EngineConfig {
  /** Persistent data: database, blobs, layers, containers. */
  dataRoot: string;
  /** Volatile data: sockets, namespaces, exit files, mounts. On a tmpfs normally. */
  execRoot: string;
  /** Listening addresses: `unix:///path`, `tcp://host:port`. */
  hosts: string[];
  /** File mode group of the unix socket; undefined: `berth` where that group exists, else root. */
  socketGroup: string | undefined;
  /** Name of the default bridge's link. */
  bridge: string;
  /** Subnet of the default bridge in CIDR notation; undefined: first free of the address pools. */
  bridgeSubnet: string | undefined;
  /** Private ranges for further networks: base in CIDR notation and prefix length of each network. */
  addressPools: { base: string; size: number }[];
  /** Name of the nftables table (family inet) that holds all rules of this engine. */
  nftTable: string;
  /** Parent of all containers in the cgroup tree, with a leading slash. */
  cgroupParent: string;
  /** Wanted OCI runtime by name; undefined: probe crun, then runc. */
  runtime: string | undefined;
  /** Mount unused cgroup v2 controllers as v1 on hybrid hosts, so that crun runs. */
  mountCgroups: boolean;
  /** Registries, as host[:port], reached without TLS or certificate checks; loopback always is. */
  insecureRegistries: string[];
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  logFormat: 'text' | 'json';
}

/** The settings of an engine that was told nothing. */
export const DEFAULT_CONFIG: EngineConfig = {
  dataRoot: '/var/lib/berth',
  execRoot: '/run/berth',
  hosts: ['unix:///run/berth/berth.sock'],
  socketGroup: undefined,
  bridge: 'berth0',
  bridgeSubnet: undefined,
  addressPools: [
    { base: '172.17.0.0/12', size: 16 },
    { base: '192.168.0.0/16', size: 20 },
  ],
  nftTable: 'berth',
  cgroupParent: '/berth',
  runtime: undefined,
  mountCgroups: true,
  insecureRegistries: [],
  logLevel: 'info',
  logFormat: 'text',
};
