import type { Duplex, Readable } from 'node:stream';
import type { Reference } from '@berth/oci';
import type { PathStat } from './files/protocol.ts';

export type { PathStat };

/**
 * What containers offer to the API and to other nouns. Bodies and answers are Docker's wire types of `@berth/contract`
 * where they have a name there. All verbs throw BerthError with Docker's wording; `name` is a full id, an unambiguous
 * id prefix or a name, with or without a leading slash.
 */
export interface ContainerService {
  create(
    body: CreateBody,
    options: {
      name: string | undefined;
      platform: string | undefined;
      /** Read-only binds leave mounts below them writable, as before API 1.44. */
      readOnlyNonRecursive?: boolean;
    },
  ): Promise<{ Id: string; Warnings: string[] }>;
  start(name: string): Promise<void>;
  /** `timeout` in seconds, -1 waits for ever; undefined is the container's own or 10. Throws not-modified when it does not run. */
  stop(name: string, options: { timeout: number | undefined; signal: string | undefined }): Promise<void>;
  restart(name: string, options: { timeout: number | undefined; signal: string | undefined }): Promise<void>;
  kill(name: string, signal: string | undefined): Promise<void>;
  remove(name: string, options: { force: boolean; volumes: boolean; link: boolean }): Promise<void>;
  rename(name: string, newName: string): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** Resolves when the condition holds; the promise is abandoned when `signal` aborts. */
  wait(name: string, condition: WaitCondition, signal: AbortSignal): Promise<WaitTicket>;
  list(options: ListOptions): Promise<object[]>;
  inspect(name: string, options: { size: boolean }): Promise<object>;
  top(name: string, psArgs: string): Promise<{ Titles: string[]; Processes: string[][] }>;
  /** Changes limits and restart policy. */
  update(name: string, body: Record<string, unknown>): Promise<{ Warnings: string[] }>;
  /** JSON objects, one a line; see `stats.ts`. */
  stats(name: string, options: { stream: boolean; oneShot: boolean }): Promise<Readable>;
  prune(filters: Filters): Promise<{ ContainersDeleted: string[]; SpaceReclaimed: number }>;
  /** Whether output is framed (stdcopy, no TTY) is `tty`; the stream already has frames where it is not. */
  logs(name: string, options: LogsOptions): Promise<{ tty: boolean; stream: Readable }>;
  resize(name: string, height: number, width: number): Promise<void>;
  /** Checks first (throws), then takes over the connection. */
  attach(name: string, options: AttachOptions): Promise<{ tty: boolean; join(connection: Duplex): void }>;
  execCreate(name: string, body: ExecBody): Promise<{ Id: string }>;
  /** Detached: `join` is undefined and the process is started. Else the caller hands over the hijacked connection. */
  execStart(
    execId: string,
    options: { detach: boolean; tty: boolean; consoleSize: [number, number] | undefined },
  ): Promise<{ tty: boolean; join: ((connection: Duplex) => void) | undefined }>;
  execResize(execId: string, height: number, width: number): Promise<void>;
  execInspect(execId: string): Promise<object>;
  /** What is at a path of a container, running or not. Errors: not-found `Could not find the file PATH in container NAME`. */
  stat(name: string, path: string): Promise<PathStat>;
  /** A file or directory as an archive; the stream's reader decides its pace. */
  copyOut(name: string, path: string): Promise<{ stat: PathStat; body: Readable }>;
  /** Unpacks an archive (plain, gzip or zstd) into a directory. `keepKinds`: no file takes a directory's place, nor the reverse. */
  copyIn(
    name: string,
    path: string,
    source: AsyncIterable<Uint8Array>,
    options: { copyUidGid: boolean; keepKinds: boolean },
  ): Promise<void>;
  /** The root file system as an archive. */
  export(name: string): Promise<Readable>;
  /** What a container changed of its image; kind 0 is modified, 1 added, 2 deleted. */
  changes(name: string): Promise<{ Path: string; Kind: 0 | 1 | 2 }[]>;
  /** Makes an image of a container. */
  commit(name: string, options: CommitOptions): Promise<{ Id: string }>;
  /** Numbers for `info`. */
  counts(): { total: number; running: number; paused: number; stopped: number };
}

/** Body of POST /containers/create as it came (Docker's ContainerConfig + HostConfig + NetworkingConfig); checked by the verb. */
export type CreateBody = Record<string, unknown>;
/** Body of POST /containers/{id}/exec as it came; checked by the verb. */
export type ExecBody = Record<string, unknown>;
/** Docker's `filters` parameter, already normalised to name → values. */
export type Filters = Record<string, string[]>;
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/**
 * A wait that has begun: headers may be sent now, so that a client that waits before it starts the container
 * does not miss the exit.
 */
export interface WaitTicket {
  exited: Promise<{ StatusCode: number; Error?: { Message: string } }>;
}

export interface ListOptions {
  all: boolean;
  /** 0 = all. */
  limit: number;
  size: boolean;
  filters: Filters;
}

export interface LogsOptions {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  /** Nanoseconds since the epoch; 0 = unset. */
  since: bigint;
  until: bigint;
  timestamps: boolean;
  details: boolean;
  /** -1 = all. */
  tail: number;
}

export interface CommitOptions {
  /** Untagged where it is undefined. */
  reference: Reference | undefined;
  author: string;
  comment: string;
  /** A running container is paused meanwhile. */
  pause: boolean;
  /** Dockerfile instructions, one each. */
  changes: string[];
  /** Configuration in place of the container's own, as it came. */
  config: CreateBody | undefined;
}

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  logs: boolean;
  stream: boolean;
  detachKeys: string | undefined;
}
