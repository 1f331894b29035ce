import type { EngineConfig } from '../config.ts';
import type { ContainerService } from '../containers/index.ts';

/** A program that the engine works with, as found on this host. */
export interface ProgramFacts {
  name: string;
  path: string;
  version: string;
}

/** What `version`, `info` and `df` are told by the other nouns; joined in main.ts. */
export interface SystemSources {
  config: EngineConfig;
  containers: Pick<ContainerService, 'counts' | 'list'>;
  images: ImageFigures;
  volumes: { usage(): Promise<object[]> };
  buildCache: { usage(): Promise<object[]> };
  /** The OCI runtimes that were found; the first is the default. */
  runtimes: readonly ProgramFacts[];
  /** conmon. */
  monitor: ProgramFacts;
  /** The program behind `--init`, when there is one. */
  init: ProgramFacts | undefined;
  /** Names of the network drivers. */
  networkDrivers: readonly string[];
  /** Names of the log drivers. */
  logDrivers: readonly string[];
  /** How much of a container's log is kept where nothing is said, such as `10 files of 10MB`. */
  logBound: string;
  /** Sentences about what this host lacks or what was chosen for it. */
  warnings: readonly string[];
  eventListeners: () => number;
  login: Login;
}

/** The part of images that is counted here. */
export interface ImageFigures {
  list(options: { all: boolean; filters: Record<string, string[]>; sharedSize: boolean }): Promise<ImageRow[]>;
  /** Bytes of all layers. */
  layersSize(): number;
}

export interface ImageRow {
  Id: string;
  Containers: number;
}

/** Asks a registry whether credentials are good. Errors: unauthorized, unavailable, invalid. */
export type Login = (
  auth: Record<string, unknown>,
  signal: AbortSignal,
) => Promise<{ Status: string; IdentityToken: string }>;

/** Limits that the kernel lets us set on a container's cgroup. Field names are those of `info`. */
export interface LimitSupport {
  MemoryLimit: boolean;
  SwapLimit: boolean;
  KernelMemoryTCP?: boolean;
  CpuCfsPeriod: boolean;
  CpuCfsQuota: boolean;
  CPUShares: boolean;
  CPUSet: boolean;
  PidsLimit: boolean;
  OomKillDisable: boolean;
}
