import type { ErrorCode } from '@berth/kit';
import type { Digest } from '@berth/oci';
import type { OwnerMap } from '../../archives/index.ts';
import type { Forbidden, Found } from './find-secret.ts';

/** Layers of an image below `dataRoot`, topmost first: paths relative to it, short enough for the kernel's one page. */
export interface Layers {
  dataRoot: string;
  lower: string[];
}

/** The layer that a job writes: an upper directory of overlayfs and its work directory, relative to the data root. */
export interface Upper {
  upper: string;
  work: string;
  /** Host path of its archive, which is made. */
  archive: string;
  /** What must not be in it. */
  forbidden: Forbidden[];
}

/** A file of a tree, seen from the tree's root. */
export interface TreeEntry {
  /** Relative and clean; bytes as latin1 characters. */
  path: string;
  type: 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo';
  mode: number;
  uid: number;
  gid: number;
  mtime: bigint;
  size: number;
  /** Of files, hexadecimal; '' where it was not asked for, and for all else. */
  sha256: string;
  /** Of symbolic links, bytes as latin1 characters. */
  link: string;
  /** Device number of device nodes. */
  rdev: bigint;
  xattrs: ReadonlyMap<string, Buffer>;
}

/** One file to be written by a `copy`. */
export interface CopyItem extends Omit<TreeEntry, 'path' | 'sha256'> {
  /** Below the destination, bytes as latin1 characters; '' is the destination itself. */
  to: string;
  /** Its own name, for a destination that turns out to be a directory. */
  name: string;
  /** Where its content is: below the directory `content` of the source, or the path in the source's tree. */
  from: string;
}

/** Files of one origin. */
export interface PackedSource {
  origin: CopySource['origin'];
  /** By `packItems`. */
  items: string;
}

export interface CopySource {
  /** A directory of content, read as plain files; or layers that are mounted for it. */
  origin: { kind: 'content'; directory: string } | { kind: 'layers'; layers: Layers };
  items: CopyItem[];
}

/** Who copied files belong to: `text` is looked up in the image. */
export type CopyOwner = { kind: 'keep' } | { kind: 'named'; text: string };

export type BuildJob =
  /** Files into a new layer on top of an image, then `seal`. */
  | (Layers &
      Upper & {
        kind: 'copy';
        /** Absolute path in the image. */
        destination: string;
        /** What comes is put into it under its own name, also where it does not exist. */
        intoDirectory: boolean;
        /** Links of the image below the destination are not followed. */
        isLink: boolean;
        sources: PackedSource[];
        owner: CopyOwner;
        /** Local archives that are unpacked at the destination; host paths. */
        archives: { path: string; compression: 'none' | 'gzip' | 'zstd' }[];
      })
  /** Layers, lowest first, as one. */
  | (Layers & Upper & { kind: 'merge'; archives: { path: string; compression: 'none' | 'gzip' | 'zstd' }[] })
  /** A directory, as WORKDIR makes it; `keep` gives it to root. */
  | (Layers & Upper & { kind: 'directory'; path: string; owner: CopyOwner })
  /**
   * What a container wrote, as a layer: what is no change is taken out of it, and its archive is written. `targets`: what
   * was mounted on, whose places count as made by the runtime, with the directories above.
   */
  | (Layers &
      Upper & {
        kind: 'seal';
        placeholders: string[];
        targets: string[];
        owners: OwnerMap | undefined;
      })
  /** Everything at and below a path of an image, with digests of contents; without `deep` what is at the path alone. */
  | (Layers & { kind: 'scan'; path: string; followLast: boolean; deep: boolean })
  /** Removes files and directories of the host, with all that is in them. */
  | { kind: 'remove'; paths: string[] }
  /** Files into an empty directory of the host, which is the root of what is written. */
  | (Layers & { kind: 'tree'; directory: string; sources: PackedSource[] });

/** A layer whose directory and archive are complete. `isEmpty`: it changes nothing, and no archive was kept. */
export interface SealedLayer {
  diffId: Digest;
  archiveSize: number;
  size: number;
  isEmpty: boolean;
  /** One of what is forbidden that is in it. */
  secret?: Found | undefined;
}

export type BuildAnswer = SealedLayer | TreeEntry[] | undefined;

export type FromBuildWorker =
  | { ok: true; value: BuildAnswer }
  | { ok: false; code: ErrorCode; message: string; hint: string | undefined };
