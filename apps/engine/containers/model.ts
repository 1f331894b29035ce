import type { ContainerConfig, EndpointWish, HostConfig } from '@berth/contract';
import type { Digest } from '@berth/oci';
import type { Sandbox } from '../networks/model.ts';
import type { MountPoint } from './parse/parse-mounts.ts';
import type { RemapRecord } from './remap/remap.ts';

export { type ResolvedUser, resolveUser } from './parse/user.ts';

/**
 * What was asked for at create, checked and with the image's defaults merged in. Changes only by `update` and `rename`,
 * and by a start that joins another container's network: the host name is that one's then.
 */
export interface ContainerSpec {
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** Wished endpoints by network name. */
  endpoints: Record<string, EndpointWish>;
  /** The endpoints are all there is: the network of the mode counts only when it is among them (after connect, disconnect). */
  networksChosen?: true;
  /** All mounts but the engine's own, parents first, with the volumes and images that were found or made for them. */
  mounts: MountPoint[];
  /** Which ids of the host its users are, where it has a user namespace. */
  remap?: RemapRecord;
  /** It runs an instruction of a build, and never outlives the engine that began it. */
  buildStep?: true;
}

/**
 * State as a union; facts only, each seen by us. Times are milliseconds since the epoch, 0 = never.
 * A running container names its processes with their start times (field 22 of /proc/PID/stat, in clock ticks), so that a
 * reused process id is never taken for it.
 */
export type ContainerState =
  | { status: 'created'; error: string; exitCode: number }
  | (Running & { status: 'running' })
  | (Running & { status: 'paused' })
  | (Ended & { status: 'restarting'; restartAt: number })
  | (Ended & { status: 'exited' })
  | (Ended & { status: 'removing' })
  | (Ended & { status: 'dead' });

export interface Running {
  pid: number;
  pidStartTime: number;
  monitorPid: number;
  monitorStartTime: number;
  startedAt: number;
  /** Of the run before, 0 when this is the first. */
  finishedAt: number;
}

export interface Ended {
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  oomKilled: boolean;
  error: string;
}

/** One container as stored: what it is, what it was asked to be, what was last seen of it. */
export interface ContainerRecord {
  /** 64 lower-case hexadecimal digits. */
  id: string;
  /** Without leading slash. */
  name: string;
  createdAt: number;
  /** Digest of the image configuration. */
  imageId: Digest;
  spec: ContainerSpec;
  state: ContainerState;
  restartCount: number;
  /** What a restart by policy waited for last, in milliseconds; 0 or absent before the first. */
  restartDelay?: number;
  /** True after a stop or kill by a user: restart policies then leave it alone. */
  stoppedByUser: boolean;
  /** Present while the container has a network. */
  sandbox: Sandbox | undefined;
}
