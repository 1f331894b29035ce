import { type BigIntStats, closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { encodeTarHeader, TAR_END, type TarEntryInit, type TarType, tarPadding } from '@berth/oci/tar';
import { applyRename, type CopyEnd, type Rename, splitEnd } from './paths.ts';

/** Large pieces are what makes a large copy fast: each is one read and one write. Larger ones cost new memory each time. */
const CHUNK = 256 * 1024;

/**
 * A local file or directory as an archive. Times are whole seconds, as Docker's client sends them. What vanishes
 * meanwhile is left out; what shrinks is filled up with zeros. Sockets have no place in archives.
 */
export async function* packTree(from: CopyEnd, rename: Rename | undefined): AsyncGenerator<Uint8Array> {
  const { directory, base } = splitEnd(from.path);
  const first = from.rebaseName || base;
  const packer = new Packer(rename);
  const root = Buffer.from(base === '.' ? from.path : `${directory.replace(/\/$/, '')}/${base}`);
  yield* packer.entry(root, Buffer.from(first));
  yield* packer.flush();
  yield TAR_END;
}

class Packer {
  readonly #rename: Rename | undefined;
  /** First names of files that have several. */
  readonly #seen = new Map<string, Buffer>();
  /** Headers and small files, gathered. */
  #pending: Uint8Array[] = [];
  #size = 0;

  constructor(rename: Rename | undefined) {
    this.#rename = rename;
  }

  *entry(path: Buffer, name: Buffer): Generator<Uint8Array> {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) {
      yield* this.#header(stat, 'directory', slashed(name));
      for (const child of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare)) {
        yield* this.entry(Buffer.concat([slashed(path), child]), Buffer.concat([slashed(name), child]));
      }
    } else if (stat.isFile()) yield* this.#file(path, name, stat);
    else if (stat.isSymbolicLink()) {
      yield* this.#header(stat, 'symlink', name, { linkName: readlinkSync(path, { encoding: 'buffer' }) });
    } else if (stat.isFIFO()) yield* this.#header(stat, 'fifo', name);
    else if (stat.isCharacterDevice() || stat.isBlockDevice()) {
      const number = Number(stat.rdev);
      const deviceMajor = (number >> 8) & 0xfff;
      const deviceMinor = (number & 0xff) | ((number >> 12) & 0xfff00);
      yield* this.#header(stat, stat.isBlockDevice() ? 'block' : 'char', name, { deviceMajor, deviceMinor });
    }
  }

  *flush(): Generator<Uint8Array> {
    if (this.#size > 0) yield this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    this.#pending = [];
    this.#size = 0;
  }

  *#file(path: Buffer, name: Buffer, stat: BigIntStats): Generator<Uint8Array> {
    const again = stat.nlink > 1n ? this.#seen.get(`${stat.dev}:${stat.ino}`) : undefined;
    if (again) {
      yield* this.#header(stat, 'hardlink', name, { linkName: again });
      return;
    }
    const fd = openSync(path, 'r');
    try {
      const size = Number(stat.size);
      yield* this.#header(stat, 'file', name, { size });
      if (stat.nlink > 1n) this.#seen.set(`${stat.dev}:${stat.ino}`, this.#named(name));
      for (let left = size; left > 0; ) {
        const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK));
        const count = readSync(fd, chunk, 0, chunk.length, null);
        if (count === 0) chunk.fill(0);
        const piece = count === 0 ? chunk : chunk.subarray(0, count);
        left -= piece.length;
        yield* this.#add(piece);
      }
      yield* this.#add(tarPadding(size));
    } finally {
      closeSync(fd);
    }
  }

  *#header(stat: BigIntStats, type: TarType, name: Buffer, more: Partial<TarEntryInit> = {}): Generator<Uint8Array> {
    const entry: TarEntryInit = {
      mode: Number(stat.mode & 0o7777n),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: (stat.mtimeMs / 1000n) * 1_000_000_000n,
      ...more,
      type,
      name: this.#named(name),
    };
    yield* this.#add(encodeTarHeader(entry));
  }

  #named(name: Buffer): Buffer {
    return this.#rename ? Buffer.from(applyRename(name.toString('latin1'), latin1(this.#rename)), 'latin1') : name;
  }

  *#add(piece: Uint8Array): Generator<Uint8Array> {
    // What is large already is not copied again.
    if (piece.length >= CHUNK / 2) yield* this.flush();
    this.#pending.push(piece);
    this.#size += piece.length;
    if (this.#size >= CHUNK) yield* this.flush();
  }
}

function slashed(path: Buffer): Buffer {
  return path.at(-1) === 0x2f ? path : Buffer.concat([path, Buffer.from('/')]);
}

/** Names are bytes: they stand as latin1 characters here. */
function latin1({ from, to }: Rename): Rename {
  return { from: Buffer.from(from).toString('latin1'), to: Buffer.from(to).toString('latin1') };
}
