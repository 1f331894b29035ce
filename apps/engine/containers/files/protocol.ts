import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '@berth/kit';
import type { LayerChange, OwnerMap } from '../../archives/index.ts';

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
  | {
      kind: 'layers';
      dataRoot: string;
      lower: string[];
      upper: string;
      work: string;
      mounts: ViewMount[];
      /** File of the user namespace that the owners of the image are moved into. */
      userNamespace: string | undefined;
    }
  /** The image as root, and a container's own layer as working directory. Paths are below `dataRoot`. */
  | { kind: 'compared'; dataRoot: string; lower: string[]; upper: string };

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

/** Owners that the container has by other numbers than the host. */
interface Owned {
  owners: OwnerMap | undefined;
}

export type FileJob =
  | { kind: 'stat'; view: View; path: string }
  /** Answers with the stat of `path`; the archive follows through the port. */
  | (Owned & { kind: 'read'; view: View; path: string; port: MessagePort })
  | (Owned & {
      kind: 'write';
      view: View;
      path: string;
      /** The archive, uncompressed (archives/byte-ring.ts). */
      ring: SharedArrayBuffer;
      /** Owner of all that is written, by the container's account files; '' keeps the archive's. */
      user: string;
      keepKinds: boolean;
      /** What may not be written to, in Docker's sense: the root, and mounts by their targets. */
      readOnlyRoot: boolean;
      mounts: Pick<ViewMount, 'target' | 'readOnly'>[];
    })
  /** All files of the view. */
  | (Owned & { kind: 'export'; view: View; port: MessagePort })
  /** What a container's own layer changes. `placeholders`: what a runtime made to mount on it is none. */
  | (Owned & { kind: 'changes'; view: View; placeholders: string[] })
  /** These changes as a layer archive. */
  | (Owned & { kind: 'layer'; view: View; placeholders: string[]; port: MessagePort });

/** What comes of a job besides an archive. */
export type FileAnswer = PathStat | LayerChange[] | undefined;

/** Answers of a worker: one `answer` for each job, then one `left` when it has let go of everything. */
export type FromFileWorker =
  | { kind: 'answer'; ok: true; value: FileAnswer }
  | { kind: 'answer'; ok: false; code: ErrorCode; message: string; hint: string | undefined }
  | { kind: 'left' };
