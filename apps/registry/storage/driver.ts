import type { Readable, Writable } from 'node:stream';

/**
 * Where a registry keeps its objects. Keys are paths of `[A-Za-z0-9._-]` parts joined by `/`, no part being `.` or `..`;
 * they never hold what was not checked. There are no folders apart from the objects in them. One process writes, unless
 * a driver says otherwise. Failures of the place itself (full, broken, not reached) are thrown as they come.
 */
export interface StorageDriver {
  /** A small object, whole; undefined when it is not there. Throws when it is longer than `limit` bytes. */
  read(key: string, limit: number): Promise<Buffer | undefined>;
  /** Makes or replaces a small object in one step: readers see the old bytes or the new. Durable when it resolves. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Idempotent; durable when it resolves. */
  remove(key: string): Promise<void>;
  stat(key: string): Promise<ObjectFacts | undefined>;
  /**
   * Opens an object, or the part of it between two offsets (both inclusive, both within it). What is opened can be read
   * to its end although the object is removed meanwhile. Whoever opens it reads it to its end or destroys it. undefined
   * when it is not there.
   */
  open(key: string, range?: { start: number; end: number }): Promise<Readable | undefined>;
  /** As `open`, for content that goes to a client, where the driver has a faster way; see `openSender`. */
  sender?(key: string, range?: { start: number; end: number }): Promise<Sender | undefined>;
  /**
   * What lies directly below `prefix` (which ends with `/`), in the order of code units; a name with objects below it
   * ends with `/`. Nothing when there is nothing. Objects that come or go meanwhile may be in it or not.
   */
  children(prefix: string): AsyncIterable<string>;
  /** Begins an object whose name is not known yet. `id` is new: `[0-9a-f-]`. */
  stage(id: string): Promise<Stage>;
  /** Opens one that was begun, also before a restart; undefined when it is not there. */
  reopen(id: string): Promise<Stage | undefined>;
  /** All that were begun and neither promoted nor discarded. */
  stages(): AsyncIterable<{ id: string; size: number; modified: number }>;
  /** Lets go of everything. */
  close(): Promise<void>;
}

export interface ObjectFacts {
  /** Bytes. */
  size: number;
  /** Last write, milliseconds since 1970. */
  modified: number;
}

/** An object that is open for being sent. Whoever opened it sends it or closes it. */
export interface Sender {
  /** Writes all of it, ends the sink, and closes itself. The sink is an answer: it has taken what it says is written. */
  sendTo(sink: Writable): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** An object on its way in: bytes are added at its end, then it becomes an object or goes away. Calls may not overlap. */
export interface Stage {
  readonly id: string;
  /** Bytes so far. */
  readonly size: number;
  append(chunk: Uint8Array): Promise<void>;
  /** What was appended survives a crash when it resolves. */
  flush(): Promise<void>;
  /**
   * All bytes that are here, or those between two offsets (both inclusive, both here). This may overlap with `append`,
   * not with what closes the stage. What is yielded is only valid until the next is asked for.
   */
  read(range?: { start: number; end: number }): AsyncIterable<Uint8Array>;
  /** Becomes the object `key` in one step, durable when it resolves; replaces an equal one. The stage is then closed. */
  promote(key: string): Promise<void>;
  /** Removes what there is; the stage is then closed. Idempotent. */
  discard(): Promise<void>;
  /** Lets go of it, to be opened again later. Idempotent. */
  close(): Promise<void>;
}
