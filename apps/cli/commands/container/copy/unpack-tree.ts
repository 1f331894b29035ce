import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { type TarEntry, TarParser } from '@berth/oci/tar';
import { CliError } from '../../../cli-error.ts';
import { describeFileError } from './file-error.ts';
import { applyRename, type Rename } from './paths.ts';

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Unpacks an archive of the engine into a local directory; everything belongs to the caller, as with Docker. An archive
 * comes from a container and is not trusted: names do not lead out, and no entry goes through a link.
 */
export async function unpackTree(
  archive: AsyncIterable<Uint8Array>,
  directory: string,
  renames: readonly Rename[],
): Promise<void> {
  const parser = new TarParser();
  const unpacker = new Unpacker(directory, renames);
  try {
    for await (const chunk of archive) {
      for (const event of parser.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) {
        if (event.kind === 'entry') unpacker.begin(event.entry);
        else if (event.kind === 'data') unpacker.write(event.data, event.position);
        else unpacker.end();
      }
    }
    parser.finish();
    unpacker.finish();
  } catch (error) {
    throw describeFileError(error);
  } finally {
    unpacker.close();
  }
}

class Unpacker {
  readonly #directory: Buffer;
  readonly #renames: readonly Rename[];
  /** Directories that are known to be none but directories. */
  readonly #checked = new Set<string>();
  /** Set last: every new file in a directory changes its times, and its mode may close it. */
  #directories: { path: Buffer; entry: TarEntry }[] = [];
  #file: { fd: number; entry: TarEntry; end: number } | undefined;

  constructor(directory: string, renames: readonly Rename[]) {
    this.#directory = Buffer.from(directory.endsWith('/') ? directory : `${directory}/`);
    this.#renames = renames;
  }

  begin(entry: TarEntry): void {
    const parts = this.#parts(entry.name);
    // The directory itself stays as it is.
    if (parts.length === 0) return;
    this.#parents(parts.slice(0, -1));
    const path = this.#pathOf(parts);
    const there = lstatSync(path, { throwIfNoEntry: false });
    const isDirectory = there?.isDirectory() ?? false;
    if (there && isDirectory !== (entry.type === 'directory')) throw this.#otherKind(path, isDirectory);
    if (there && !isDirectory) unlinkSync(path);
    switch (entry.type) {
      case 'directory':
        if (!there) mkdirSync(path, 0o700);
        this.#checked.add(parts.join('/'));
        this.#directories.push({ path, entry });
        return;
      case 'file':
        this.#file = { fd: openSync(path, NEW_FILE, 0o600), entry, end: 0 };
        return;
      case 'symlink':
        symlinkSync(entry.linkName, path);
        lutimesSync(path, seconds(entry), seconds(entry));
        return;
      case 'hardlink': {
        const target = this.#parts(entry.linkName);
        this.#parents(target.slice(0, -1));
        linkSync(this.#pathOf(target), path);
        return;
      }
      default:
        this.#special(entry, path);
    }
  }

  write(data: Buffer, position: number): void {
    if (!this.#file) return;
    for (let at = 0; at < data.length; ) at += writeSync(this.#file.fd, data, at, data.length - at, position + at);
    this.#file.end = position + data.length;
  }

  end(): void {
    if (!this.#file) return;
    const { fd, entry, end } = this.#file;
    if (end < entry.size) ftruncateSync(fd, entry.size);
    fchmodSync(fd, entry.mode);
    futimesSync(fd, seconds(entry), seconds(entry));
    this.#file = undefined;
    closeSync(fd);
  }

  finish(): void {
    for (const { path, entry } of this.#directories.reverse()) {
      chmodSync(path, entry.mode);
      utimesSync(path, seconds(entry), seconds(entry));
    }
  }

  close(): void {
    if (this.#file) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  /** Bytes of a name stand as latin1 characters. */
  #parts(name: Buffer): string[] {
    let text = name.toString('latin1');
    for (const { from, to } of this.#renames) {
      const bytes = (value: string) => Buffer.from(value).toString('latin1');
      text = applyRename(text, { from: bytes(from), to: bytes(to) });
    }
    const parts: string[] = [];
    for (const part of text.split('/')) {
      if (part === '' || part === '.') continue;
      if (part !== '..') parts.push(part);
      else if (parts.pop() === undefined) throw new CliError(`"${name.toString()}" is outside of "${this.#directory}"`);
    }
    return parts;
  }

  #pathOf(parts: readonly string[]): Buffer {
    return Buffer.concat([this.#directory, Buffer.from(parts.join('/'), 'latin1')]);
  }

  #parents(parts: readonly string[]): void {
    for (let depth = 1; depth <= parts.length; depth++) {
      const key = parts.slice(0, depth).join('/');
      if (this.#checked.has(key)) continue;
      const path = this.#pathOf(parts.slice(0, depth));
      const there = lstatSync(path, { throwIfNoEntry: false });
      if (!there) mkdirSync(path, 0o755);
      else if (!there.isDirectory())
        throw new CliError(`"${path.toString()}" is not a directory: nothing is copied through it`);
      this.#checked.add(key);
    }
  }

  #otherKind(path: Buffer, isDirectory: boolean): CliError {
    const [there, comes] = isDirectory ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
    const directory = this.#directory.toString().replace(/(?<=.)\/$/, '');
    return new CliError(`cannot overwrite ${there} "${path}" with ${comes} "${directory}"`);
  }

  /** Devices and pipes: Node has no call for them. */
  #special(entry: TarEntry, path: Buffer): void {
    const { spawnSync } = process.getBuiltinModule('node:child_process');
    const kind =
      entry.type === 'fifo'
        ? ['p']
        : [entry.type === 'char' ? 'c' : 'b', `${entry.deviceMajor}`, `${entry.deviceMinor}`];
    const made = spawnSync('mknod', ['-m', entry.mode.toString(8), '--', path.toString(), ...kind], {
      encoding: 'utf8',
    });
    if (made.status !== 0) {
      rmSync(path, { force: true });
      throw new CliError(
        `cannot make the ${entry.type === 'fifo' ? 'pipe' : 'device'} ${path}: ${made.stderr.trim() || 'mknod is not there'}`,
      );
    }
  }
}

function seconds(entry: TarEntry): number {
  return Number(entry.mtime) / 1e9;
}
