import type { Readable } from 'node:stream';
import type { Reference } from '@berth/oci';
import type { BuildSession } from './session/index.ts';

/** What a build is asked for, checked; from the parameters of `POST /build`. */
export interface BuildRequest {
  tags: Reference[];
  /** Path of the Dockerfile in the context. */
  dockerfile: string;
  /** A Git or HTTP(S) address that the context is fetched from; '' takes the body. */
  remote: string;
  quiet: boolean;
  noCache: boolean;
  /** Always look for newer versions of base images. */
  pull: boolean;
  /** Containers of steps are removed after success, and with `forceRemove` also after a failure. */
  remove: boolean;
  forceRemove: boolean;
  /** null takes a variable away that has a default. */
  buildArgs: Record<string, string | null>;
  labels: Record<string, string>;
  target: string;
  squash: boolean;
  platform: string;
  /** References whose images may give steps. */
  cacheFrom: string[];
  /** Empty: the image store. */
  outputs: BuildOutput[];
  /** `1`: what WORKDIR makes belongs to root, as with Docker's classic builder; else to the user of the stage. */
  version: '1' | '2';
  id: string;
  run: RunSettings;
  /** By registry host. */
  registryAuth: Record<string, object>;
  /** Of a client of ours; the build closes it. */
  session: BuildSession | undefined;
}

/** Limits and surroundings of RUN steps; members of HostConfig. */
export interface RunSettings {
  NetworkMode: string;
  ExtraHosts: string[];
  Memory: number;
  MemorySwap: number;
  CpuShares: number;
  CpuPeriod: number;
  CpuQuota: number;
  CpusetCpus: string;
  CpusetMems: string;
  CgroupParent: string;
  ShmSize: number;
  Ulimits: object[];
  SecurityOpt: string[];
}

export interface BuildOutput {
  /** All are the image store. */
  type: string;
}

/** What comes with a build's request besides its parameters. */
export interface BuildInput {
  body: AsyncIterable<Uint8Array>;
  signal: AbortSignal;
  emit: (message: object) => void;
}

/** What builds offer to the API. All verbs throw BerthError with Docker's wording. */
export interface BuildService {
  /** Runs a build to its end, or until the client goes away. What fails after the first message is told as a message. */
  build(request: BuildRequest, input: BuildInput): Promise<void>;
  /** Ends a build by the id that its client gave it. Idempotent. */
  cancel(id: string): void;
  /** A tar of the OCI image layout of a cache that a build exported for its client, once. Errors: not-found. */
  exportedCache(id: string): Readable;
  prune(options: PruneOptions): Promise<{ CachesDeleted: string[]; SpaceReclaimed: number }>;
  /** For `system df` and `builder du`: Docker's BuildCache records. */
  usage(): Promise<BuildCacheRecord[]>;
}

export interface PruneOptions {
  all: boolean;
  /** Bytes that may stay. */
  keepStorage: number;
  filters: Record<string, string[]>;
}

/** Docker's wire type. */
export interface BuildCacheRecord {
  ID: string;
  Parents: string[] | null;
  Type: string;
  Description: string;
  InUse: boolean;
  Shared: boolean;
  Size: number;
  CreatedAt: string;
  LastUsedAt: string | null;
  UsageCount: number;
}
