/** One file of a build context, as an index of content: nothing of it lies under its own name on the engine's disk. */
export interface ContextEntry {
  /** Relative and clean with `/`; no `.`, no `..`. UTF-8 that is none is replaced: `name` has the bytes. */
  path: string;
  name: Buffer;
  type: 'file' | 'directory' | 'symlink';
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  /** Nanoseconds since the epoch. */
  mtime: bigint;
  /** Bytes of a file; 0 for others. */
  size: number;
  /** SHA-256 of a file's content, hexadecimal; '' for others. */
  sha256: string;
  /** Target of a symbolic link as it is written; never followed by the engine but inside the context. */
  link: Buffer;
  /** Extended attributes by full name; only archives of stock clients have them. */
  xattrs: ReadonlyMap<string, Buffer>;
}

/** A context that is here as a whole. Its contents stay until `release`. */
export interface BuildContext {
  /** Every entry by path, in the order of the paths' bytes; directories that nobody named are among them. */
  readonly entries: ReadonlyMap<string, ContextEntry>;
  /** Bytes of the archive or listing that it came as. */
  readonly received: number;
  /** Where the content of a file lies: a plain file, read only. */
  contentPath(entry: ContextEntry): string;
  /** Follows symbolic links inside the context, as chroot would; undefined when there is nothing. */
  resolve(path: string, options?: { followLast?: boolean }): ContextEntry | undefined;
  /** Lets go of the contents; idempotent. */
  release(): void;
}
