import type { SeccompProfile } from './seccomp.ts';

/** The parts of an OCI runtime configuration that Berth writes (runtime-spec config.md, config-linux.md). */
export interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

export interface RuntimeSpec {
  ociVersion: string;
  root: { path: string; readonly: boolean };
  hostname?: string;
  domainname?: string;
  process: RuntimeProcess;
  mounts: RuntimeMount[];
  annotations?: Record<string, string>;
  /** By the moment at which they run. */
  hooks?: Record<string, RuntimeHook[]>;
  linux: {
    cgroupsPath: string;
    namespaces: { type: string; path?: string }[];
    uidMappings?: IdMapping[];
    gidMappings?: IdMapping[];
    resources: RuntimeResources;
    devices: RuntimeDevice[];
    maskedPaths: string[];
    readonlyPaths: string[];
    sysctl?: Record<string, string>;
    seccomp?: SeccompProfile;
    rootfsPropagation?: string;
  };
}

export interface RuntimeProcess {
  terminal: boolean;
  consoleSize?: { height: number; width: number };
  user: { uid: number; gid: number; additionalGids: number[]; umask?: number };
  args: string[];
  env: string[];
  cwd: string;
  capabilities: {
    bounding: string[];
    effective: string[];
    permitted: string[];
    inheritable: string[];
    ambient: string[];
  };
  rlimits?: { type: string; soft: number; hard: number }[];
  noNewPrivileges: boolean;
  /** Name of a loaded profile. */
  apparmorProfile?: string;
  oomScoreAdj?: number;
}

export interface RuntimeMount {
  destination: string;
  type: string;
  source: string;
  options?: string[];
}

/** A program of the host; `timeout` in seconds. */
export interface RuntimeHook {
  path: string;
  args: string[];
  env: string[];
  timeout: number;
}

export interface RuntimeDevice {
  path: string;
  type: 'c' | 'b' | 'p';
  major: number;
  minor: number;
  fileMode: number;
  uid: number;
  gid: number;
}

export interface DeviceRule {
  allow: boolean;
  type?: string;
  major?: number;
  minor?: number;
  access: string;
}

export interface RuntimeResources {
  devices: DeviceRule[];
  memory?: {
    limit?: number;
    reservation?: number;
    swap?: number;
    swappiness?: number;
    kernelTCP?: number;
    disableOOMKiller?: boolean;
  };
  cpu?: {
    shares?: number;
    quota?: number;
    period?: number;
    realtimeRuntime?: number;
    realtimePeriod?: number;
    cpus?: string;
    mems?: string;
  };
  pids?: { limit: number };
  blockIO?: {
    throttleReadBpsDevice?: Throttle[];
    throttleWriteBpsDevice?: Throttle[];
    throttleReadIOPSDevice?: Throttle[];
    throttleWriteIOPSDevice?: Throttle[];
  };
}

export interface Throttle {
  major: number;
  minor: number;
  rate: number;
}
