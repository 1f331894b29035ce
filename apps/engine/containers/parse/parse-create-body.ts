import type { ContainerConfig, EndpointWish, HostConfig, MountWish, RestartPolicy } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { CreateBody } from '../service.ts';
import {
  command,
  empty,
  flag,
  integer,
  list,
  map,
  nullable,
  optional,
  type Read,
  struct,
  text,
} from './parse-create-decode.ts';

/** The body of a create request with right types, nothing checked beyond that; what was not given is 0, '', [] or null. */
export interface DecodedBody {
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** By network name as the client gave it; `default` stands for the default bridge. */
  endpoints: Record<string, EndpointWish>;
}

/** Errors: invalid (`json: cannot unmarshal …`, `config cannot be empty …`). */
export function decodeCreateBody(body: CreateBody): DecodedBody {
  const { HostConfig, NetworkingConfig, ...config } = wrapper(body, 'CreateRequest');
  if (!Object.keys(body).some((name) => configNames.has(name.toLowerCase()))) {
    throw new BerthError('invalid', 'config cannot be empty in order to create a container');
  }
  return { config, hostConfig: HostConfig, endpoints: NetworkingConfig.EndpointsConfig };
}

const strings = nullable(list(text));
const stringMap = map(text);

/** One of the given words; any other value passes here and is refused, with its own sentence, by validation. */
const word = text as <T>(value: unknown, field: string) => T;

const healthcheck = struct({
  Test: optional(list(text)),
  Interval: optional(integer),
  Timeout: optional(integer),
  StartPeriod: optional(integer),
  StartInterval: optional(integer),
  Retries: optional(integer),
});

const config = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: optional(map(empty)),
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: list(text),
  Cmd: command,
  Healthcheck: optional(healthcheck),
  ArgsEscaped: optional(flag),
  Image: text,
  Volumes: nullable(map(empty)),
  WorkingDir: text,
  Entrypoint: command,
  NetworkDisabled: optional(flag),
  MacAddress: optional(text),
  OnBuild: strings,
  Labels: stringMap,
  StopSignal: optional(text),
  StopTimeout: optional(integer),
  Shell: optional(list(text)),
};
const configNames = new Set(Object.keys(config).map((name) => name.toLowerCase()));

const throttle = nullable(list(struct({ Path: text, Rate: integer })));

const mount = struct({
  Type: word<MountWish['Type']>,
  Source: optional(text),
  Target: text,
  ReadOnly: optional(flag),
  Consistency: optional(text),
  BindOptions: optional(
    struct({
      Propagation: optional(text),
      NonRecursive: optional(flag),
      CreateMountpoint: optional(flag),
      ReadOnlyNonRecursive: optional(flag),
      ReadOnlyForceRecursive: optional(flag),
    }),
  ),
  VolumeOptions: optional(
    struct({
      NoCopy: optional(flag),
      Labels: optional(stringMap),
      DriverConfig: optional(struct({ Name: optional(text), Options: optional(stringMap) })),
      Subpath: optional(text),
    }),
  ),
  TmpfsOptions: optional(
    struct({ SizeBytes: optional(integer), Mode: optional(integer), Options: optional(list(list(text))) }),
  ),
  ImageOptions: optional(struct({ Subpath: optional(text) })),
});

const consoleSize: Read<[number, number]> = (value, field) => {
  const [height = 0, width = 0] = list(integer)(value, field);
  return [height, width];
};

const hostConfig = struct({
  Binds: strings,
  ContainerIDFile: text,
  LogConfig: struct({ Type: text, Config: stringMap }),
  NetworkMode: text,
  PortBindings: map(list(struct({ HostIp: text, HostPort: text }))),
  RestartPolicy: struct({ Name: word<RestartPolicy['Name']>, MaximumRetryCount: integer }),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: strings,
  ConsoleSize: consoleSize,
  Annotations: optional(stringMap),
  CapAdd: command,
  CapDrop: command,
  CgroupnsMode: word<HostConfig['CgroupnsMode']>,
  Dns: list(text),
  DnsOptions: list(text),
  DnsSearch: list(text),
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: text,
  Cgroup: text,
  Links: strings,
  OomScoreAdj: integer,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: strings,
  StorageOpt: optional(stringMap),
  Tmpfs: optional(stringMap),
  UTSMode: text,
  UsernsMode: text,
  ShmSize: integer,
  Sysctls: optional(stringMap),
  Runtime: text,
  Isolation: text,
  CpuShares: integer,
  Memory: integer,
  NanoCpus: integer,
  CgroupParent: text,
  BlkioWeight: integer,
  BlkioWeightDevice: nullable(list(struct({ Path: text, Weight: integer }))),
  BlkioDeviceReadBps: throttle,
  BlkioDeviceWriteBps: throttle,
  BlkioDeviceReadIOps: throttle,
  BlkioDeviceWriteIOps: throttle,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: nullable(list(struct({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text }))),
  DeviceCgroupRules: strings,
  DeviceRequests: nullable(
    list(
      struct({
        Driver: text,
        Count: integer,
        DeviceIDs: strings,
        Capabilities: nullable(list(list(text))),
        Options: nullable(stringMap),
      }),
    ),
  ),
  MemoryReservation: integer,
  MemorySwap: integer,
  KernelMemory: optional(integer),
  KernelMemoryTCP: optional(integer),
  MemorySwappiness: nullable(integer),
  OomKillDisable: nullable(flag),
  PidsLimit: nullable(integer),
  Ulimits: nullable(list(struct({ Name: text, Soft: integer, Hard: integer }))),
  CpuCount: integer,
  CpuPercent: integer,
  IOMaximumIOps: integer,
  IOMaximumBandwidth: integer,
  Mounts: optional(list(mount)),
  MaskedPaths: strings,
  ReadonlyPaths: strings,
  Init: optional(flag),
});

/** A HostConfig alone, as an update has it. Errors: invalid. */
export function decodeHostConfig(body: Record<string, unknown>): HostConfig {
  return hostConfig(body, 'UpdateConfig');
}

const endpoint = struct({
  IPAMConfig: nullable(
    struct({ IPv4Address: optional(text), IPv6Address: optional(text), LinkLocalIPs: optional(list(text)) }),
  ),
  Links: strings,
  Aliases: strings,
  MacAddress: optional(text),
  DriverOpts: nullable(stringMap),
  GwPriority: optional(integer),
});

const wrapper = struct({
  ...config,
  HostConfig: hostConfig,
  NetworkingConfig: struct({ EndpointsConfig: map(endpoint) }),
});
