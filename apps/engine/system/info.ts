import { existsSync, readdirSync } from 'node:fs';
import { readCdiSpecs } from '../cdi/index.ts';
import type { EngineConfig } from '../config.ts';
import { detectCgroups } from '../linux/cgroup.ts';
import { BUILD, VERSION } from './build-info.ts';
import { fileSystemOf, readHost, readOptional } from './host.ts';
import { describeLimits } from './limits.ts';
import type { SystemSources } from './model.ts';

/** What this engine has beyond Docker's API. */
const EXTRAS = [
  'POST /berth/v1/images/starter',
  ...['rename', 'clone', 'snapshot'].map((verb) => `POST /berth/v1/volumes/{name}/${verb}`),
  ...['backup', 'files', 'cat'].map((verb) => `GET /berth/v1/volumes/{name}/${verb}`),
  'PUT /berth/v1/volumes/{name}/restore',
  'GET /berth/v1/ports',
  'GET /berth/v1/networks/doctor',
];

const APPARMOR = '/sys/kernel/security/apparmor';
const NO_APPARMOR = 'WARNING: no AppArmor profile is applied to containers that name none';

/** Answer of GET /info. */
export async function describeInfo(sources: SystemSources, id: string): Promise<object> {
  const { config, containers, images, runtimes, init } = sources;
  const counts = containers.counts();
  const listed = await images.list({ all: true, filters: {}, sharedSize: false });
  const [first] = runtimes;
  return {
    ID: id,
    Containers: counts.total,
    ContainersRunning: counts.running,
    ContainersPaused: counts.paused,
    ContainersStopped: counts.stopped,
    Images: listed.length,
    Driver: 'overlay2',
    DriverStatus: [
      ['Backing Filesystem', fileSystemOf(config.dataRoot)],
      ['Supports d_type', 'true'],
    ],
    Plugins: {
      Volume: ['local'],
      Network: [...sources.networkDrivers],
      Authorization: null,
      Log: [...sources.logDrivers],
    },
    LoggingDriver: config.logDriver,
    DockerRootDir: config.dataRoot,
    ...describeHost(),
    ...describeKernel(sources),
    SecurityOptions: securityOptions(config),
    ...describeProcess(sources),
    RegistryConfig: registryConfig(config),
    IndexServerAddress: 'https://index.docker.io/v1/',
    GenericResources: null,
    Labels: [...config.labels],
    ExperimentalBuild: false,
    ServerVersion: VERSION,
    Runtimes: { ...Object.fromEntries(runtimes.map(({ name, path }) => [name, { path }])), ...config.runtimes },
    DefaultRuntime: config.defaultRuntime ?? first?.name ?? '',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: config.initPath ?? init?.path ?? '',
    ContainerdCommit: { ID: 'N/A' },
    RuncCommit: { ID: first === undefined ? 'N/A' : `${first.name} ${first.version}` },
    InitCommit: { ID: init === undefined ? 'N/A' : `${init.name} ${init.version}` },
    DefaultAddressPools: config.addressPools.map(({ base, size }) => ({ Base: base, Size: size })),
    FirewallBackend: { Driver: 'nftables', Info: [['Table', `inet ${config.nftTable}`]] },
    CDISpecDirs: [...config.cdiSpecDirs],
    ...(await discoveredDevices(config.cdiSpecDirs)),
    Berth: { Build: BUILD, Extras: EXTRAS, LogBound: sources.logBound },
  };
}

/** By CDI specifications; the member is left out when there are none, as Docker does. */
async function discoveredDevices(directories: readonly string[]): Promise<object> {
  const { devices } = await readCdiSpecs(directories);
  return devices.size === 0 ? {} : { DiscoveredDevices: [...devices.keys()].map((ID) => ({ Source: 'cdi', ID })) };
}

function describeHost(): object {
  const host = readHost();
  return {
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: 'linux',
    Architecture: host.machine,
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
    Name: host.hostname,
    SystemTime: new Date().toISOString(),
  };
}

function describeKernel({ warnings }: SystemSources): object {
  const cgroups = detectCgroups();
  const { limits, warnings: missing } = describeLimits(cgroups);
  const forwarding = isOn('/proc/sys/net/ipv4/ip_forward');
  return {
    ...limits,
    CgroupDriver: 'cgroupfs',
    CgroupVersion: String(cgroups.version),
    IPv4Forwarding: forwarding,
    // Gone from the API with 1.50; older clients warn when they are missing.
    BridgeNfIptables: isOn('/proc/sys/net/bridge/bridge-nf-call-iptables'),
    BridgeNfIp6tables: isOn('/proc/sys/net/bridge/bridge-nf-call-ip6tables'),
    Warnings: [
      ...warnings,
      ...missing,
      ...(forwarding ? [] : ['WARNING: IPv4 forwarding is disabled']),
      // Docker applies its docker-default there; whoever relies on that has to know.
      ...(existsSync(APPARMOR) ? [NO_APPARMOR] : []),
    ],
  };
}

function isOn(file: string): boolean {
  return readOptional(file)?.trim() === '1';
}

function securityOptions({ seccompProfile, noNewPrivileges, usernsRemap }: EngineConfig): string[] {
  const seccomp = /^Seccomp:/m.test(readOptional('/proc/self/status') ?? '');
  const cgroupNamespace = readdirSync('/proc/self/ns').includes('cgroup');
  return [
    ...(seccomp ? [`name=seccomp,profile=${seccompProfile ?? 'builtin'}`] : []),
    ...(usernsRemap === undefined ? [] : ['name=userns']),
    ...(cgroupNamespace ? ['name=cgroupns'] : []),
    ...(noNewPrivileges ? ['name=no-new-privileges'] : []),
  ];
}

function describeProcess({ config, eventListeners }: SystemSources): object {
  const proxy = (name: string, told: string | undefined) =>
    withoutPassword(told ?? process.env[name.toUpperCase()] ?? process.env[name] ?? '');
  return {
    Debug: config.debug || config.logLevel === 'debug',
    NFd: readdirSync('/proc/self/fd').length,
    NGoroutines: 0,
    NEventsListener: eventListeners(),
    HttpProxy: proxy('http_proxy', config.httpProxy),
    HttpsProxy: proxy('https_proxy', config.httpsProxy),
    NoProxy: proxy('no_proxy', config.noProxy),
  };
}

/** Credentials in a proxy's address are shown as Docker shows them: `xxxxx:xxxxx`. */
function withoutPassword(address: string): string {
  return address.replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1xxxxx:xxxxx@');
}

/** Docker shows mirrors with a slash at the end. */
function withSlash(url: string): string {
  return url.replace(/\/?$/, '/');
}

function registryConfig({ insecureRegistries, registryMirrors, registries }: EngineConfig): object {
  const ranges = insecureRegistries.filter((entry) => entry.includes('/'));
  const hosts = insecureRegistries.filter((entry) => !entry.includes('/'));
  const mirrorsOf = (name: string) => registries[name]?.mirrors.map(withSlash) ?? [];
  const named = [...new Set([...hosts, ...Object.keys(registries)])].filter((name) => name !== 'docker.io');
  const entries = named.map((name) => {
    const entry = { Name: name, Mirrors: mirrorsOf(name), Secure: !hosts.includes(name), Official: false };
    return [name, entry] as const;
  });
  const mirrors = [...mirrorsOf('docker.io'), ...registryMirrors.map(withSlash)];
  return {
    InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', ...ranges],
    IndexConfigs: {
      'docker.io': { Name: 'docker.io', Mirrors: mirrors, Secure: true, Official: true },
      ...Object.fromEntries(entries),
    },
    Mirrors: mirrors,
  };
}
