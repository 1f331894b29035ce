import { join } from 'node:path';
import type { KeyedLock, Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { Publish } from '../events/model.ts';
import type { ImageSource } from '../images/model.ts';
import type { CgroupHost } from '../linux/cgroup.ts';
import type { CgroupLimits } from '../linux/cgroup-limits.ts';
import type { CgroupWarmer } from '../linux/cgroup-warmer.ts';
import type { SandboxProvider } from '../networks/model.ts';
import type { VolumeSource } from '../volumes/model.ts';
import type { ExecRegistry } from './exec/exec-registry.ts';
import type { ReadyExecs } from './exec/ready.ts';
import type { FileAccess } from './files/file-access.ts';
import type { HealthBook } from './health/index.ts';
import type { LiveRegistry } from './live.ts';
import type { Shipping } from './log-drivers/index.ts';
import type { ContainerRecord } from './model.ts';
import type { Remap } from './remap/remap.ts';
import type { OciRuntime } from './runtime/oci-runtime.ts';
import type { ReadyMonitors } from './runtime/ready-monitors.ts';
import type { Sampler } from './stats/sampler.ts';
import type { ContainerStore } from './store.ts';

/** What the verbs of containers work with. */
export interface Context {
  config: EngineConfig;
  log: Logger;
  publish: Publish;
  store: ContainerStore;
  images: ImageSource;
  networks: SandboxProvider;
  volumes: VolumeSource;
  /** The default first; others by name, found when first asked for. */
  runtimes: Map<string, OciRuntime>;
  defaultRuntime: OciRuntime;
  cgroups: CgroupHost;
  /** What this kernel can limit. */
  limits: CgroupLimits;
  warmer: CgroupWarmer;
  /** One change of state at a time for each container. */
  lock: KeyedLock;
  live: LiveRegistry;
  execs: ExecRegistry;
  readyExecs: ReadyExecs;
  /** What health checks found. */
  health: HealthBook;
  readyMonitors: ReadyMonitors;
  /** Looks into containers. */
  files: FileAccess;
  /** Looks at what containers use while somebody watches. */
  sampler: Sampler;
  /** Logs on their way to log servers. */
  shipping: Shipping;
  /** Work that goes on after its request was answered (files of removed containers); awaited when the engine stops. */
  background: Set<Promise<void>>;
  /** Containers that end only to be started again: `--rm` does not remove them this time. */
  keepOnce: Set<string>;
  /** The user namespace of containers, where the setting `userns-remap` asks for one. */
  remap: Remap | undefined;
  /** True from the moment that the engine answers on: restarts by policy wait for it, so that clients need not wait for them. */
  serving: boolean;
  /** True while the engine stops: what ends now is for the next engine to finish. */
  closing: boolean;
  /** Address of the default bridge for `host-gateway`. */
  hostGateway(): string[];
}

/** Every path of one container. */
export interface ContainerPaths {
  /** Persistent: DATA/containers/ID. */
  home: string;
  upper: string;
  work: string;
  logFile: string;
  hosts: string;
  hostname: string;
  resolvConf: string;
  /** Volatile: EXEC/c/ID, the OCI bundle. */
  bundle: string;
  rootfs: string;
}

export function pathsOf(config: EngineConfig, id: string): ContainerPaths {
  const home = join(config.dataRoot, 'containers', id);
  const bundle = join(config.execRoot, 'c', id);
  return {
    home,
    upper: join(home, 'upper'),
    work: join(home, 'work'),
    logFile: join(home, 'log', 'container.log'),
    hosts: join(home, 'hosts'),
    hostname: join(home, 'hostname'),
    resolvConf: join(home, 'resolv.conf'),
    bundle,
    rootfs: join(bundle, 'rootfs'),
  };
}

/** Where monitors leave exit codes. */
export function exitDirectory(config: EngineConfig): string {
  return join(config.execRoot, 'exits');
}

/** Where mounts are put together before a runtime sees them; emptied at start. */
export function stageOf(config: EngineConfig): string {
  return join(config.execRoot, 'stage');
}

/** Control group of a container, with a leading slash; of one that nobody knows any more, where it is by default. */
export function cgroupOf(
  config: EngineConfig,
  container: Pick<ContainerRecord, 'id'> & Partial<ContainerRecord>,
): string {
  const parent = container.spec?.hostConfig.CgroupParent || config.cgroupParent;
  return join('/', parent, container.id);
}

/** Attributes of a container's events: labels, image, name, as Docker has them. */
export function eventAttributes(record: ContainerRecord, more: Record<string, string> = {}): Record<string, string> {
  return { ...record.spec.config.Labels, image: record.spec.config.Image, name: record.name, ...more };
}

/** Runs work that nobody waits for; a failure is logged with what was attempted. */
export function inBackground(
  context: Pick<Context, 'background' | 'log'>,
  what: string,
  work: () => Promise<void>,
): void {
  const task = work()
    .catch((error) => context.log.error(`cannot ${what}`, { error }))
    .finally(() => context.background.delete(task));
  context.background.add(task);
}
