import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '@berth/kit';

/** Something of the host that a container has at `target`. */
export interface ViewMount {
  source: string;
  target: string;
  readOnly: boolean;
  /** With what is mounted below the source. */
  recursive: boolean;
}

/** What files a job is about. */
export type View =
  /** Everything that a running container sees; `namespace`: its mount namespace, open. */
  | { kind: 'running'; namespace: number }
  /** The root file system of a running container as it is mounted, without what is mounted in it. */
  | { kind: 'mounted'; rootfs: string }
  /** A container that does not run: its layers are mounted for this job alone. Layers are paths below `dataRoot`, topmost first. */
  | { kind: 'layers'; dataRoot: string; lower: string[]; upper: string; work: string; mounts: ViewMount[] }
  /** One directory. */
  | { kind: 'directory'; path: string };

/** A file in a container; Docker's ContainerPathStat but for the form of its members. */
export interface PathStat {
  name: string;
  size: number;
  /** Bits of Go's os.FileMode. */
  mode: number;
  /** RFC 3339 with nanoseconds. */
  mtime: string;
  /** Where a link leads to in the end; '' for all others. */
  linkTarget: string;
}

export type FileJob =
  | { kind: 'stat'; view: View; path: string }
  /** Answers with the stat of `path`; the archive follows through the port. */
  | { kind: 'read'; view: View; path: string; port: MessagePort }
  | {
      kind: 'write';
      view: View;
      path: string;
      port: MessagePort;
      /** Owner of all that is written, by the container's account files; '' keeps the archive's. */
      user: string;
      keepKinds: boolean;
      /** What may not be written to, in Docker's sense: the root, and mounts by their targets. */
      readOnlyRoot: boolean;
      mounts: Pick<ViewMount, 'target' | 'readOnly'>[];
    }
  /** All files of the view. */
  | { kind: 'export'; view: View; port: MessagePort }
  /** An upper directory as a layer archive, without the names in `skips` (in the archive, bytes as latin1). */
  | { kind: 'layer'; view: View; port: MessagePort; skips: string[] };

/** Answers of a worker: one `answer` for each job, then one `left` when it has let go of everything. */
export type FromFileWorker =
  | { kind: 'answer'; ok: true; value: PathStat | undefined }
  | { kind: 'answer'; ok: false; code: ErrorCode; message: string; hint: string | undefined }
  | { kind: 'left' };
