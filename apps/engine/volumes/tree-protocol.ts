import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '@berth/kit';

/** Something to be done in the directory of a volume, which the thread has as its root. */
export type TreeJob =
  /** All of it as an archive, through the port. */
  | { kind: 'read'; directory: string; port: MessagePort }
  /** An archive from the port, over what is there. */
  | { kind: 'write'; directory: string; port: MessagePort }
  /** What is in a directory of it; links are followed inside the volume. */
  | { kind: 'list'; directory: string; path: string; recursive: boolean; most: number }
  /** The content of a file, through the port. */
  | { kind: 'cat'; directory: string; path: string; port: MessagePort };

/** One file of a volume. */
export interface VolumeFile {
  /** Below the directory that was asked for, without a slash before it. */
  Path: string;
  Type: 'file' | 'directory' | 'symlink' | 'device' | 'pipe' | 'socket';
  /** Permission bits, in octal as text: `0644`. */
  Mode: string;
  Uid: number;
  Gid: number;
  Size: number;
  /** RFC 3339. */
  Modified: string;
  LinkTarget?: string;
}

export interface TreeListing {
  Files: VolumeFile[];
  /** There are more than were asked for. */
  Truncated: boolean;
}

export type TreeAnswer = TreeListing | undefined;

/** Answers of a worker: one `answer` for each job, then one `left` when it has let go of everything. */
export type FromTreeWorker =
  | { kind: 'answer'; ok: true; value: TreeAnswer }
  | { kind: 'answer'; ok: false; code: ErrorCode; message: string }
  | { kind: 'left' };
