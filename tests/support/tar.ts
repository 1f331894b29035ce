import { TarParser } from '@berth/oci/tar';

/** One entry of an archive. Exactly one of `content`, `link` and neither (a directory). */
export interface TarEntry {
  /** Without leading slash. */
  path: string;
  content?: string | Buffer;
  /** Target of a symbolic link. */
  link?: string;
  /** Permission bits; default 0755 for directories and 0644 for files. */
  mode?: number;
  /** Default root. */
  uid?: number;
  gid?: number;
  /** Seconds since the epoch; the same for all unless given. */
  mtime?: number;
}

const BLOCK = 512;

/** A ustar archive with fixed times, so that equal content gives equal bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocks), Buffer.alloc(2 * BLOCK)]);
}

function blocks(entry: TarEntry): Buffer[] {
  const body = Buffer.from(entry.content ?? '');
  const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  return [header(entry, body.length), body, padding];
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const kind = entry.link !== undefined ? '2' : entry.content !== undefined ? '0' : '5';
  const name = kind === '5' ? `${entry.path}/` : entry.path;
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long for a plain ustar name`);
  block.write(name, 0);
  block.write(octal(entry.mode ?? (kind === '5' ? 0o755 : 0o644), 7), 100);
  block.write(octal(entry.uid ?? 0, 7), 108);
  block.write(octal(entry.gid ?? 0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(entry.mtime ?? 1_700_000_000, 11), 136);
  block.write('        ', 148);
  block.write(kind, 156);
  block.write(entry.link ?? '', 157);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** What is in an archive. */
export interface ReadEntry {
  path: string;
  type: string;
  mode: number;
  link: string;
  content: string;
}

/** The entries of an archive, in its order. */
export function readEntries(archive: Uint8Array): ReadEntry[] {
  const entries: ReadEntry[] = [];
  for (const event of new TarParser().push(Buffer.from(archive))) {
    if (event.kind === 'entry') {
      const { name, type, mode, linkName } = event.entry;
      entries.push({ path: name.toString(), type, mode, link: linkName.toString(), content: '' });
    } else if (event.kind === 'data') entries.at(-1)!.content += event.data.toString();
  }
  return entries;
}
