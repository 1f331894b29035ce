import { lstatSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { BerthError, errnoOf } from '@berth/kit';
import { type TarEntry, TarParser } from '@berth/oci';
import { decompressed, describeArchiveError, feedPort, readPort, TreeReader, TreeWriter } from '../archives/index.ts';
import { detachThreadRoot } from '../linux/chroot.ts';
import { closeForeign } from '../linux/close.ts';
import { openRegular } from '../linux/open-regular.ts';
import type { FromTreeWorker, TreeAnswer, TreeJob, TreeListing, VolumeFile } from './tree-protocol.ts';

/**
 * Worker thread that looks into volumes, one job at a time, with the volume's directory as its root: no link and no `..`
 * in it leads anywhere else. Everything that touches it is synchronous and so runs on this thread.
 */
const root = detachThreadRoot();
const engine = parentPort!;
const say = (message: FromTreeWorker) => engine.postMessage(message);

engine.on('message', (job: TreeJob) => void serve(job));

async function serve(job: TreeJob): Promise<void> {
  let answered = false;
  const answer = (value?: TreeAnswer) => {
    answered = true;
    say({ kind: 'answer', ok: true, value });
  };
  try {
    root.enter(job.directory);
    await work(job, answer);
  } catch (error) {
    if (!answered) say({ kind: 'answer', ok: false, ...told(error) });
  } finally {
    root.leave();
    say({ kind: 'left' });
  }
}

async function work(job: TreeJob, answer: (value?: TreeAnswer) => void): Promise<void> {
  switch (job.kind) {
    case 'read': {
      const reader = new TreeReader({ only: undefined, as: Buffer.from('.') });
      answer();
      return send(reader.read(), job.port);
    }
    case 'write':
      await write(job.port);
      answer();
      return;
    case 'list':
      answer(list(job.path, job.recursive, job.most));
      return;
    case 'cat': {
      const fd = openFile(job.path);
      answer();
      return send(content(fd), job.port);
    }
  }
}

/** Each piece has its memory for itself. */
async function send(pieces: Iterable<Uint8Array>, port: MessagePort): Promise<void> {
  async function* all() {
    try {
      yield* pieces;
    } catch (error) {
      const { code, message } = told(error);
      throw new BerthError(code, message, { cause: error });
    }
  }
  await feedPort(all(), port, { owned: true });
}

/** Gives the directory itself its owner, mode and attributes back as well. */
class VolumeWriter extends TreeWriter {
  protected override place(entry: TarEntry, parts: string[]): void {
    if (parts.length > 0) super.place(entry, parts);
    else if (entry.type === 'directory') this.attributes(Buffer.from('/'), entry);
  }
}

async function write(port: MessagePort): Promise<void> {
  const input = readPort(port);
  const unlimited = Number.MAX_SAFE_INTEGER;
  const limits = { maxBytes: unlimited, maxEntries: unlimited };
  const writer = new VolumeWriter({ limits, subject: 'backup', base: '/' });
  try {
    const parser = new TarParser();
    for await (const { buffer, byteOffset, byteLength } of decompressed(input)) {
      for (const event of parser.push(Buffer.from(buffer, byteOffset, byteLength))) writer.take(event);
    }
    parser.finish();
    writer.finish();
  } catch (error) {
    throw describeArchiveError('backup', error);
  } finally {
    writer.abort();
    input.destroy();
  }
}

function list(path: string, recursive: boolean, most: number): TreeListing {
  const listing: TreeListing = { Files: [], Truncated: false };
  const start = `/${path}`;
  const place = lstatSync(start, { throwIfNoEntry: false });
  if (place && !place.isDirectory() && !place.isSymbolicLink()) {
    return { Files: [describe(start, path)], Truncated: false };
  }
  const visit = (directory: string, prefix: string, depth: number) => {
    for (const name of readdirSync(directory).sort()) {
      if (listing.Files.length === most) {
        listing.Truncated = true;
        return;
      }
      const file = describe(`${directory}/${name}`, prefix + name);
      if (!file) continue;
      listing.Files.push(file);
      if (recursive && file.Type === 'directory' && depth < DEPTH_MAX)
        visit(`${directory}/${name}`, `${prefix}${name}/`, depth + 1);
    }
  };
  visit(start, '', 0);
  return listing;
}

/** Paths become longer than the kernel takes before this. */
const DEPTH_MAX = 2000;

function describe(path: string, shown: string): VolumeFile {
  const stat = lstatSync(path);
  const type = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'directory'
      : stat.isSymbolicLink()
        ? 'symlink'
        : stat.isFIFO()
          ? 'pipe'
          : stat.isSocket()
            ? 'socket'
            : 'device';
  return {
    Path: shown,
    Type: type,
    Mode: (stat.mode & 0o7777).toString(8).padStart(4, '0'),
    Uid: stat.uid,
    Gid: stat.gid,
    Size: stat.size,
    Modified: new Date(stat.mtimeMs).toISOString(),
    ...(type === 'symlink' && { LinkTarget: readlinkSync(path) }),
  };
}

/** A regular file; pipes and devices, also those that links lead to, are never opened. */
function openFile(path: string): number {
  const fd = openRegular(`/${path}`, { follow: true });
  if (fd !== undefined) return fd;
  const isDirectory = statSync(`/${path}`, { throwIfNoEntry: false })?.isDirectory();
  throw new BerthError('invalid', `${path} is ${isDirectory ? 'a directory' : 'no regular file'}`);
}

const CHUNK = 256 * 1024;

function* content(fd: number): Generator<Uint8Array> {
  try {
    for (;;) {
      const buffer = Buffer.alloc(CHUNK);
      const count = readSync(fd, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeForeign(fd);
  }
}

function told(error: unknown): { code: BerthError['code']; message: string } {
  if (error instanceof BerthError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  const errno = errnoOf(error);
  if (errno === 'ENOENT') return { code: 'not-found', message: 'no such file in the volume' };
  if (errno === 'ENOTDIR' || errno === 'ELOOP' || errno === 'ENAMETOOLONG') return { code: 'invalid', message };
  return { code: 'internal', message };
}
