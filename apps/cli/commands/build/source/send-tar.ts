import { encodeTarFile, encodeTarHeader, TAR_END, tarPadding } from '@berth/oci/tar';
import { readSource } from './read-file.ts';
import type { ExtraFile } from './source.ts';
import type { SourceFile } from './walk.ts';

/** Pieces of the archive are gathered to at least this. */
const PIECE = 64 * 1024;

/**
 * A context as a tar, as Docker's client makes it: root's, whole seconds, further names of a file as hard links. `extra` are
 * files that do not lie in the directory.
 */
export async function* contextTar(
  files: readonly SourceFile[],
  extra: readonly ExtraFile[] = [],
): AsyncGenerator<Uint8Array, void> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  for (const part of parts(files, extra)) {
    pieces.push(part);
    size += part.length;
    if (size < PIECE) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    size = 0;
  }
  yield Buffer.concat([...pieces, TAR_END]);
}

function* parts(files: readonly SourceFile[], extra: readonly ExtraFile[]): Generator<Uint8Array, void> {
  const seen = new Map<string, string>();
  for (const file of files) yield* entry(file, seen);
  for (const { path, content } of extra) yield encodeTarFile({ name: path, mode: 0o644, mtime: 0n }, content);
}

function* entry(file: SourceFile, seen: Map<string, string>): Generator<Uint8Array, void> {
  const { path, stat, type, link } = file;
  const common = { mode: stat.mode & 0o7777, mtime: BigInt(Math.floor(stat.mtimeMs / 1000)) * 1_000_000_000n };
  if (type === 'directory') yield encodeTarHeader({ ...common, name: `${path}/`, type });
  else if (type === 'symlink') yield encodeTarHeader({ ...common, name: path, type, linkName: link ?? '' });
  else if (type === 'fifo') yield encodeTarHeader({ ...common, name: path, type });
  else if (type === 'file') {
    const inode = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1 ? seen.get(inode) : undefined;
    if (first !== undefined) {
      yield encodeTarHeader({ ...common, name: path, type: 'hardlink', linkName: first });
      return;
    }
    if (stat.nlink > 1) seen.set(inode, path);
    yield encodeTarHeader({ ...common, name: path, type, size: stat.size });
    for (const chunk of readSource(file)) yield Buffer.from(chunk);
    yield tarPadding(stat.size);
  }
}
