/** What an archive says of one file. Names are bytes: file systems know no encoding. */
export interface TarEntry {
  /** As it stands in the archive: perhaps absolute, with `..`, or with a slash at the end. */
  name: Buffer;
  type: TarType;
  /** Target of a hard or symbolic link; empty for others. */
  linkName: Buffer;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of the file as it will be, holes included; 0 for what has no content. */
  size: number;
  /** Nanoseconds since the epoch. */
  mtime: bigint;
  deviceMajor: number;
  deviceMinor: number;
  /** Extended attributes by full name, such as `security.capability`. */
  xattrs: Map<string, Buffer>;
}

export type TarType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

export const BLOCK = 512;

/** Bytes that fill `size` up to whole blocks. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
