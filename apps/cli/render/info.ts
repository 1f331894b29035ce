import { bytesSize } from './units.ts';

/** The parts of `GET /info` that the standard output shows. */
export interface EngineInfo {
  ID?: string;
  Containers?: number;
  ContainersRunning?: number;
  ContainersPaused?: number;
  ContainersStopped?: number;
  Images?: number;
  Driver?: string;
  DriverStatus?: [string, string][] | null;
  SystemStatus?: [string, string][] | null;
  Plugins?: Partial<Record<'Volume' | 'Network' | 'Authorization' | 'Log', string[] | null>>;
  Debug?: boolean;
  NFd?: number;
  NGoroutines?: number;
  SystemTime?: string;
  LoggingDriver?: string;
  /** What Berth's engine says beyond Docker's. */
  Berth?: { LogBound?: string };
  CgroupDriver?: string;
  CgroupVersion?: string;
  NEventsListener?: number;
  KernelVersion?: string;
  OperatingSystem?: string;
  OSType?: string;
  Architecture?: string;
  RegistryConfig?: {
    InsecureRegistryCIDRs?: string[] | null;
    IndexConfigs?: Record<string, { Name: string; Secure: boolean }> | null;
    Mirrors?: string[] | null;
  } | null;
  NCPU?: number;
  MemTotal?: number;
  DockerRootDir?: string;
  HttpProxy?: string;
  HttpsProxy?: string;
  NoProxy?: string;
  Name?: string;
  Labels?: string[] | null;
  ExperimentalBuild?: boolean;
  ServerVersion?: string;
  Runtimes?: Record<string, object> | null;
  DefaultRuntime?: string;
  Swarm?: { LocalNodeState?: string };
  LiveRestoreEnabled?: boolean;
  InitBinary?: string;
  ContainerdCommit?: { ID?: string };
  RuncCommit?: { ID?: string };
  InitCommit?: { ID?: string };
  SecurityOptions?: string[] | null;
  ProductLicense?: string;
  DefaultAddressPools?: { Base: string; Size: number }[] | null;
  CDISpecDirs?: string[] | null;
  DiscoveredDevices?: { Source: string; ID: string }[] | null;
  Warnings?: string[] | null;
}

/** What the client says of itself. */
export interface ClientInfo {
  Platform: { Name: string } | null;
  Version: string;
  Context: string;
  Debug: boolean;
}

/**
 * `info` in its standard form: text for stdout and for stderr (warnings, errors). `engine` is undefined when none
 * answered; `errors` then says why. `user` is the name that is logged in at Docker Hub.
 */
export function showInfo(
  client: ClientInfo,
  engine: EngineInfo | undefined,
  options: { user: string; errors: string[]; programName: string },
): { out: string; err: string } {
  const out = [
    `Client:${client.Platform?.Name ? ` ${client.Platform.Name}` : ''}`,
    ...filled(' Version:   ', client.Version),
    ` Context:    ${client.Context}`,
    ` Debug Mode: ${client.Debug}`,
    '',
    'Server:',
    ...(engine ? serverLines(engine, client.Debug, options.user) : []),
  ];
  const err = [
    ...(engine?.Warnings ?? []),
    ...options.errors.map((error) => `ERROR: ${error}`),
    ...(options.errors.length ? ['errors pretty printing info'] : []),
  ];
  return { out: `${out.join('\n')}\n`, err: err.map((line) => `${line}\n`).join('') };
}

function serverLines(info: EngineInfo, debug: boolean, user: string): string[] {
  return [
    ...counts(info),
    ...plugins(info),
    ...runtimes(info),
    ...security(info),
    ...host(info),
    ...(info.Debug || debug ? debugging(info) : []),
    ...filled(' HTTP Proxy:', info.HttpProxy),
    ...filled(' HTTPS Proxy:', info.HttpsProxy),
    ...filled(' No Proxy:', info.NoProxy),
    ...filled(' Username:', user),
    ...section(' Labels:', info.Labels),
    ` Experimental: ${info.ExperimentalBuild ?? false}`,
    ...registries(info),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled ?? false}`,
    ...filled(' Product License:', info.ProductLicense),
    ...section(
      ' Default Address Pools:',
      info.DefaultAddressPools?.map(({ Base, Size }) => ` Base: ${Base}, Size: ${Size}`),
    ),
    '',
  ];
}

/** A line only where there is something to say. */
function filled(label: string, value: string | undefined): string[] {
  return value ? [`${label} ${value}`] : [];
}

/** A title with indented lines, or nothing. */
function section(title: string, lines: readonly string[] | null | undefined): string[] {
  return lines?.length ? [title, ...lines.map((line) => `  ${line}`)] : [];
}

function counts(info: EngineInfo): string[] {
  return [
    ` Containers: ${info.Containers ?? 0}`,
    `  Running: ${info.ContainersRunning ?? 0}`,
    `  Paused: ${info.ContainersPaused ?? 0}`,
    `  Stopped: ${info.ContainersStopped ?? 0}`,
    ` Images: ${info.Images ?? 0}`,
    ...filled(' Server Version:', info.ServerVersion),
    ...filled(' Storage Driver:', info.Driver),
    ...(info.DriverStatus ?? []).map(([key, value]) => `  ${key}: ${value}`),
    ...(info.SystemStatus ?? []).map(([key, value]) => ` ${key}: ${value}`),
    ...filled(' Logging Driver:', info.LoggingDriver),
    ...filled('  Kept of each log:', info.Berth?.LogBound),
    ...filled(' Cgroup Driver:', info.CgroupDriver),
    ...filled(' Cgroup Version:', info.CgroupVersion),
  ];
}

function plugins(info: EngineInfo): string[] {
  const names = (kind: 'Volume' | 'Network' | 'Authorization' | 'Log') => info.Plugins?.[kind]?.join(' ') ?? '';
  return [
    ' Plugins:',
    `  Volume: ${names('Volume')}`,
    `  Network: ${names('Network')}`,
    ...(names('Authorization') ? [`  Authorization: ${names('Authorization')}`] : []),
    `  Log: ${names('Log')}`,
    ...section(' CDI spec directories:', info.CDISpecDirs),
    ...section(
      ' Discovered Devices:',
      info.DiscoveredDevices?.map(({ Source, ID }) => `${Source}: ${ID}`),
    ),
    ` Swarm: ${info.Swarm?.LocalNodeState ?? ''}`,
  ];
}

function runtimes(info: EngineInfo): string[] {
  const names = Object.keys(info.Runtimes ?? {});
  return names.length ? [` Runtimes: ${names.join(' ')}`, ` Default Runtime: ${info.DefaultRuntime ?? ''}`] : [];
}

function security(info: EngineInfo): string[] {
  if (info.OSType !== 'linux') return [];
  return [
    ` Init Binary: ${info.InitBinary ?? ''}`,
    ` containerd version: ${info.ContainerdCommit?.ID ?? ''}`,
    ` runc version: ${info.RuncCommit?.ID ?? ''}`,
    ` init version: ${info.InitCommit?.ID ?? ''}`,
    ...section(' Security Options:', info.SecurityOptions?.flatMap(securityOption)),
  ];
}

/** `name=seccomp,profile=builtin` as name and indented profile; a bare word is a name. */
function securityOption(option: string): string[] {
  if (!option.includes('=')) return [option];
  const pairs = option.split(',').map((pair) => pair.split('=', 2));
  const lines: string[] = [];
  for (const [key, value = ''] of pairs) {
    if (key === 'name') lines.unshift(value);
    else if (key === 'profile') lines.push(` Profile: ${value}`);
  }
  return lines;
}

function host(info: EngineInfo): string[] {
  return [
    ...filled(' Kernel Version:', info.KernelVersion),
    ...filled(' Operating System:', info.OperatingSystem),
    ...filled(' OSType:', info.OSType),
    ...filled(' Architecture:', info.Architecture),
    ` CPUs: ${info.NCPU ?? 0}`,
    ` Total Memory: ${bytesSize(info.MemTotal ?? 0)}`,
    ...filled(' Name:', info.Name),
    ...filled(' ID:', info.ID),
    ` Docker Root Dir: ${info.DockerRootDir ?? ''}`,
    ` Debug Mode: ${info.Debug ?? false}`,
  ];
}

function debugging(info: EngineInfo): string[] {
  return [
    `  File Descriptors: ${info.NFd ?? 0}`,
    `  Goroutines: ${info.NGoroutines ?? 0}`,
    `  System Time: ${info.SystemTime ?? ''}`,
    `  EventsListeners: ${info.NEventsListener ?? 0}`,
  ];
}

function registries({ RegistryConfig: config }: EngineInfo): string[] {
  const insecure = Object.values(config?.IndexConfigs ?? {}).filter((registry) => !registry.Secure);
  const any = config?.InsecureRegistryCIDRs?.length || Object.keys(config?.IndexConfigs ?? {}).length;
  return [
    ...(any ? [' Insecure Registries:'] : []),
    ...insecure.map((registry) => `  ${registry.Name}`),
    ...(config?.InsecureRegistryCIDRs ?? []).map((cidr) => `  ${cidr}`),
    ...section(' Registry Mirrors:', config?.Mirrors),
  ];
}
