import type { Ulimit } from '@berth/contract';

/**
 * What one engine is told: at start by flags and by `daemon.json` (settings/), later by a reload. Every path, name and
 * range that the engine makes in the system derives from here, so that several engines run side by side on one machine.
 *
 * There is one object of it in an engine. A reload (SIGHUP) replaces the fields whose setting is `reload: true` in
 * place: who uses one reads it when it is needed and keeps no copy.
 */
export interface EngineConfig {
  /** Persistent data: database, blobs, layers, containers. */
  dataRoot: string;
  /** Volatile data: sockets, namespaces, exit files, mounts. On a tmpfs normally. */
  execRoot: string;
  /** File with the engine's process id; `EXEC/berth.pid` unless said. */
  pidFile: string;
  /** `KEY=VALUE` of the engine itself, shown by `info`. */
  labels: string[];
  /** Features of Docker's experimental kind are let through. */
  experimental: boolean;
  debug: boolean;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  logFormat: 'text' | 'json';
  /** Seconds that work under way gets when the engine stops; -1: as long as it takes. */
  shutdownTimeout: number;
  /** `host:port` at which Prometheus metrics are served over plain HTTP; undefined: nowhere. */
  metricsAddress: string | undefined;

  /** Listening addresses: `unix:///path`, `tcp://host:port`, `fd://`. */
  hosts: string[];
  /** Group of the unix socket; undefined: `berth` where that group exists, else root. */
  socketGroup: string | undefined;
  /** TLS on tcp:// addresses, without asking for client certificates unless `tlsVerify` as well. */
  tls: boolean;
  /** TLS on tcp:// addresses; only clients with a certificate of `tlsCaCert` are let in. Implies `tls`. */
  tlsVerify: boolean;
  /** PEM files: authority of the clients, the server's certificate, its key. */
  tlsCaCert: string | undefined;
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  /** Plain TCP, or TLS without client certificates, also beyond loopback: whoever reaches it owns the machine. */
  allowUnprotectedTcp: boolean;

  /** Docker's name of the storage: `overlay2`. */
  storageDriver: string;
  /** `KEY=VALUE` of the storage driver. */
  storageOpts: string[];

  /** Parent of all containers in the cgroup tree, with a leading slash. */
  cgroupParent: string;
  /** Mount unused cgroup v2 controllers as v1 on hybrid hosts, so that crun runs. */
  mountCgroups: boolean;
  /** OCI runtime of containers that name none; undefined: probe crun, then runc. */
  defaultRuntime: string | undefined;
  /** Further OCI runtimes by name. */
  runtimes: Record<string, RegisteredRuntime>;
  /** Containers whose creator does not say run below an init program. */
  init: boolean;
  /** Program behind `--init`; undefined: catatonit where installed. */
  initPath: string | undefined;
  /** Limits of containers that do not set a limit of that name. `-1` is unlimited. */
  defaultUlimits: Ulimit[];
  /** Bytes of /dev/shm where a container names no size. */
  defaultShmSize: number;
  defaultIpcMode: 'private' | 'shareable';
  /** undefined: private on hosts with cgroup v2 alone, else host. */
  defaultCgroupnsMode: 'host' | 'private' | undefined;
  /** Seccomp profile of containers that name none: a file's path, `unconfined`; undefined: the built-in one. */
  seccompProfile: string | undefined;
  /** Containers get no-new-privileges unless they say otherwise. */
  noNewPrivileges: boolean;
  /** User whose subordinate ids containers are mapped to: `USER[:GROUP]`, `default`; undefined: no mapping. */
  usernsRemap: string | undefined;
  /** Directories with CDI specifications. */
  cdiSpecDirs: string[];

  /** Log driver of containers that name none, and its options (only for containers that use that default driver). */
  logDriver: string;
  logOpts: Record<string, string>;

  /** Name of the default bridge's link. */
  bridge: string;
  /** Subnet of the default bridge in CIDR notation; undefined: first free of the address pools. */
  bridgeSubnet: string | undefined;
  /** The same for IPv6. */
  bridgeSubnet6: string | undefined;
  /** Part of the default bridge's subnet that containers get addresses of, in CIDR notation. */
  fixedCidr: string | undefined;
  fixedCidr6: string | undefined;
  /** Gateways of containers on the default bridge, when it is not the bridge itself. */
  defaultGateway: string | undefined;
  defaultGateway6: string | undefined;
  /** Containers on the default bridge reach each other. */
  icc: boolean;
  /** Traffic of containers to elsewhere gets the host's address. */
  ipMasq: boolean;
  /** Switch on net.ipv4.ip_forward (and IPv6's where used). */
  ipForward: boolean;
  /** The default bridge has IPv6 addresses. */
  ipv6: boolean;
  /** Bytes of a packet on the default bridge; 0: as the link of the default route. */
  mtu: number;
  /** Host address that ports are published on when none is said. */
  publishAddress: string;
  /** Whether helper programs carry what the kernel's rules cannot (published IPv6 ports of IPv4 containers). */
  userlandProxy: boolean;
  /** Private ranges for further networks: base in CIDR notation and prefix length of each network. */
  addressPools: { base: string; size: number }[];
  /** Where engines of several hosts agree on networks: `etcd://HOST:2379`; undefined: nowhere. */
  clusterStore: string | undefined;
  /** Options of the connection: `kv.path`, `kv.cacertfile`, `kv.certfile`, `kv.keyfile`. */
  clusterStoreOpts: Record<string, string>;
  /** Address or link that the other hosts reach this one by; '': that of the default route. */
  clusterAdvertise: string;
  /** UDP port of the tunnels between hosts. */
  overlayPort: number;
  /** Options of new networks by driver: driver → option → value. */
  defaultNetworkOpts: Record<string, Record<string, string>>;
  /** What `host-gateway` in `--add-host` stands for: at most one address each of IPv4 and IPv6; none: the bridge's. */
  hostGatewayIps: string[];
  /** DNS settings of containers that name none. */
  dns: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  /** Name of the nftables table (family inet) that holds all rules of this engine. */
  nftTable: string;

  /** Registries, as host[:port] or CIDR, reached without TLS or certificate checks; loopback always is. */
  insecureRegistries: string[];
  /** Base URLs that are asked before Docker Hub, in this order. */
  registryMirrors: string[];
  /** What holds for registries by host: `registry.example:5000`, `*.example`, `*` for every other; the closest name counts. */
  registries: Record<string, RegistrySettings>;
  maxConcurrentDownloads: number;
  maxConcurrentUploads: number;
  /** How often a download is tried before it counts as failed. */
  maxDownloadAttempts: number;
  /** Proxies for the engine's own requests; undefined: the environment's HTTP_PROXY etc. */
  httpProxy: string | undefined;
  httpsProxy: string | undefined;
  noProxy: string | undefined;
}

/** How the images of a registry are pulled. */
export interface RegistrySettings {
  /**
   * Base URLs that are asked before the registry itself, in this order. A path goes before the repository's; `{host}` in it
   * stands for the registry's host.
   */
  mirrors: string[];
  /** The registry itself is asked for what no mirror gives. */
  fallback: boolean;
}

/** An OCI runtime that is registered by name. */
export interface RegisteredRuntime {
  /** Program: a path, or a name that is looked up in PATH. */
  path: string;
  /** Arguments before the runtime's command. */
  runtimeArgs: string[];
}

/** Where `berth daemon tls init` puts certificates, and where TLS takes them from unless said. */
export const DEFAULT_TLS_DIRECTORY = '/etc/berth/tls';

/** The settings of an engine that was told nothing. */
export const DEFAULT_CONFIG: EngineConfig = {
  dataRoot: '/var/lib/berth',
  execRoot: '/run/berth',
  pidFile: '/run/berth/berth.pid',
  labels: [],
  experimental: false,
  debug: false,
  logLevel: 'info',
  logFormat: 'text',
  shutdownTimeout: 15,
  metricsAddress: undefined,

  hosts: ['unix:///run/berth/berth.sock'],
  socketGroup: undefined,
  tls: false,
  tlsVerify: false,
  tlsCaCert: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
  allowUnprotectedTcp: false,

  storageDriver: 'overlay2',
  storageOpts: [],

  cgroupParent: '/berth',
  mountCgroups: true,
  defaultRuntime: undefined,
  runtimes: {},
  init: false,
  initPath: undefined,
  defaultUlimits: [],
  defaultShmSize: 64 * 1024 * 1024,
  defaultIpcMode: 'private',
  defaultCgroupnsMode: undefined,
  seccompProfile: undefined,
  noNewPrivileges: false,
  usernsRemap: undefined,
  cdiSpecDirs: ['/etc/cdi', '/var/run/cdi'],

  logDriver: 'json-file',
  logOpts: {},

  bridge: 'berth0',
  bridgeSubnet: undefined,
  bridgeSubnet6: undefined,
  fixedCidr: undefined,
  fixedCidr6: undefined,
  defaultGateway: undefined,
  defaultGateway6: undefined,
  icc: true,
  ipMasq: true,
  ipForward: true,
  ipv6: false,
  mtu: 0,
  publishAddress: '0.0.0.0',
  userlandProxy: true,
  addressPools: [
    { base: '172.17.0.0/12', size: 16 },
    { base: '192.168.0.0/16', size: 20 },
  ],
  clusterStore: undefined,
  clusterStoreOpts: {},
  clusterAdvertise: '',
  overlayPort: 4789,
  defaultNetworkOpts: {},
  hostGatewayIps: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  nftTable: 'berth',

  insecureRegistries: [],
  registryMirrors: [],
  registries: {},
  maxConcurrentDownloads: 3,
  maxConcurrentUploads: 5,
  maxDownloadAttempts: 5,
  httpProxy: undefined,
  httpsProxy: undefined,
  noProxy: undefined,
};
