import { closeSync, constants, lstatSync, openSync, readSync, rmSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parentPort } from 'node:worker_threads';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { BerthError } from '@berth/kit';
import { TarParser } from '@berth/oci';
import { describeArchiveError, TreeWriter } from '../../archives/index.ts';
import { changeDirectory } from '../../linux/chroot.ts';
import { detachThreadMounts } from '../../linux/thread-mounts.ts';
import { listXattrs } from '../../linux/xattr.ts';
import { ItemWriter, type Owner, placeOf } from './copy-items.ts';
import { ownerInRoot } from './image-accounts.ts';
import { KeptContents } from './kept-contents.ts';
import { LayerApplier } from './merge-layers.ts';
import { unpackItems } from './pack-items.ts';
import type { BuildAnswer, BuildJob, CopyItem, FromBuildWorker, PackedSource, SealedLayer } from './protocol.ts';
import { scanTree } from './scan-tree.ts';
import { type Fresh, type SealOptions, sealLayer } from './seal-layer.ts';
import { TreeViews } from './tree-views.ts';

/**
 * Worker thread that makes layers of builds, one job at a time, in a mount namespace of its own with the image as its root.
 * Everything that touches files is synchronous and so runs on this thread; nothing of an image is ever executed.
 */
const mounts = detachThreadMounts();
const engine = parentPort!;

engine.on('message', (job: BuildJob) => void serve(job));

async function serve(job: BuildJob): Promise<void> {
  let reply: FromBuildWorker;
  try {
    if (job.kind === 'remove') for (const path of job.paths) rmSync(path, { recursive: true, force: true });
    reply = { ok: true, value: job.kind === 'remove' ? undefined : await workInViews(job) };
  } catch (error) {
    reply = { ok: false, ...told(error) };
  }
  engine.postMessage(reply);
}

type LayerJob = Exclude<BuildJob, { kind: 'remove' }>;

async function workInViews(job: LayerJob): Promise<BuildAnswer> {
  let views: TreeViews | undefined;
  let files: HostFiles | undefined;
  try {
    files = new HostFiles(job);
    views = new TreeViews(mounts, job.dataRoot);
    return await work(job, views, files);
  } finally {
    views?.close();
    mounts.leave();
    files?.close();
  }
}

/** What has to be opened while the host's files are in sight. */
class HostFiles {
  readonly archive: number = -1;
  readonly contents = new Map<string, number>();
  readonly archives: number[] = [];

  constructor(job: LayerJob) {
    if (job.kind === 'scan') return;
    try {
      if (job.kind !== 'tree') this.archive = openSync(job.archive, 'wx+', 0o600);
      if (job.kind === 'directory' || job.kind === 'seal') return;
      if (job.kind !== 'tree') for (const { path } of job.archives) this.archives.push(openSync(path, 'r'));
      if (job.kind === 'merge') return;
      for (const { origin } of job.sources)
        if (origin.kind === 'content') this.contents.set(origin.directory, openSync(origin.directory, 'r'));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const fd of [this.archive, ...this.contents.values(), ...this.archives]) if (fd >= 0) closeSync(fd);
  }
}

async function work(job: LayerJob, views: TreeViews, files: HostFiles): Promise<BuildAnswer> {
  switch (job.kind) {
    case 'scan': {
      const root = views.image(job);
      views.becomeRoot(root);
      return scanTree(job.path, job);
    }
    case 'tree': {
      const sources = openSources(job.sources, views, files);
      views.becomeRoot(views.directory(job.directory));
      writeItems(new ItemWriter(undefined), sources, { destination: '/', into: false });
      return undefined;
    }
    case 'seal':
      return seal(places(job, views), files, job, views);
    case 'directory': {
      const all = places(job, views);
      views.becomeRoot(views.writable(job, job));
      new ItemWriter(ownerInRoot(job.owner)).parents(placeOf(job.path, { isLink: false }));
      return seal(all, files, { ...NOTHING_MOUNTED, forbidden: job.forbidden }, views);
    }
    case 'merge': {
      const all = places(job, views);
      views.becomeRoot(views.writable(job, job));
      for (const [index, { compression }] of job.archives.entries())
        await readInto(files.archives[index]!, compression, new LayerApplier(LIMITS));
      return seal(all, files, { ...NOTHING_MOUNTED, forbidden: job.forbidden }, views);
    }
    case 'copy': {
      const all = places(job, views);
      const fresh = await copy(job, all.upper, views, files);
      return seal(all, files, { ...NOTHING_MOUNTED, forbidden: job.forbidden, fresh }, views);
    }
  }
}

const NOTHING_MOUNTED = { placeholders: [], targets: [], owners: undefined };

/** Opened before the root of the thread is another one: mounts are made at names of the empty namespace. */
function places(job: LayerJob & { upper: string }, views: TreeViews): { image: number; upper: number } {
  const image = views.image(job);
  return { image, upper: views.directory(job.upper) };
}

function seal(
  { image, upper }: { image: number; upper: number },
  { archive }: HostFiles,
  options: SealOptions,
  views: TreeViews,
): SealedLayer {
  views.becomeRoot(image);
  return sealLayer(upper, archive, options);
}

async function copy(
  job: BuildJob & { kind: 'copy' },
  upper: number,
  views: TreeViews,
  files: HostFiles,
): Promise<Fresh | undefined> {
  const sources = openSources(job.sources, views, files);
  views.becomeRoot(views.writable(job, job));
  const owner = ownerInRoot(job.owner);
  const destination = placeOf(job.destination, job);
  const bytes = Buffer.from(destination, 'latin1');
  const isNew = job.archives.length === 0 && lstatSync(bytes, { throwIfNoEntry: false }) === undefined;
  const kept = isNew ? new KeptContents() : undefined;
  const writer = new ItemWriter(owner, { replacesLinks: job.isLink, kept });
  const into = job.intoDirectory || isDirectory(destination);
  // Below a directory that the image has not, all is new: it is written as it is, without overlayfs in between.
  const leaveImage = () => {
    views.becomeRoot(upper);
    if (handsOn(bytes)) kept?.close();
  };
  const left = writeItems(writer, sources, { destination, into, leaveImage: isNew ? leaveImage : undefined });
  if (left && kept) return { directory: destination, contents: kept };
  if (job.archives.length === 0) return undefined;
  writer.parents(destination === '/' ? '' : destination);
  const place = openSync(Buffer.from(destination, 'latin1'), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (const [index, { compression }] of job.archives.entries()) {
      changeDirectory(place);
      await unpack(files.archives[index]!, compression, owner);
    }
  } finally {
    closeSync(place);
  }
  return undefined;
}

interface OpenSource {
  items: CopyItem[];
  directory: number;
}

function openSources(sources: readonly PackedSource[], views: TreeViews, files: HostFiles): OpenSource[] {
  return sources.map(({ origin, items }) => ({
    items: unpackItems(items),
    directory: origin.kind === 'content' ? files.contents.get(origin.directory)! : views.image(origin.layers),
  }));
}

interface Place {
  destination: string;
  /** What has no name of its own keeps it below the destination. */
  into: boolean;
  /** Called once when the destination has become a directory. */
  leaveImage?: (() => void) | undefined;
}

/** Whether the image was left. */
function writeItems(
  writer: ItemWriter,
  sources: readonly OpenSource[],
  { destination, into, leaveImage }: Place,
): boolean {
  let leave = leaveImage;
  for (const { items, directory } of sources) {
    changeDirectory(directory);
    for (const item of items) {
      writer.write(destination, item.to === '' && into && item.type !== 'directory' ? named(item) : item);
      if (leave === undefined || (item.type !== 'directory' && item.to === '' && !into)) continue;
      leave();
      leave = undefined;
      changeDirectory(directory);
    }
  }
  writer.finish();
  return leaveImage !== undefined && leave === undefined;
}

/** Whether a directory has attributes that what is made in it may get too, such as access lists. */
function handsOn(directory: Buffer): boolean {
  return listXattrs(directory).some((name) => !name.startsWith('trusted.overlay.') && name !== 'security.selinux');
}

function named(item: CopyItem): CopyItem {
  return { ...item, to: item.name };
}

function isDirectory(path: string): boolean {
  return lstatSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Bytes of one archive that ADD unpacks. */
const UNPACKED_MAX = 1024 ** 4;
const ENTRIES_MAX = 2_000_000;
const CHUNK = 256 * 1024;

const LIMITS = { maxBytes: UNPACKED_MAX, maxEntries: ENTRIES_MAX };

/** What is written is below the working directory of this thread. */
function unpack(archive: number, compression: string, owner: Owner | undefined): Promise<void> {
  const options = { limits: LIMITS, subject: 'archive', base: './' as const, owner };
  return readInto(archive, compression, new TreeWriter(options));
}

/** Reading goes over the descriptor: it needs no name that this thread would see. */
async function readInto(archive: number, compression: string, writer: TreeWriter): Promise<void> {
  const parser = new TarParser();
  const take = (piece: Buffer) => {
    for (const event of parser.push(piece)) writer.take(event);
  };
  try {
    const inflate =
      compression === 'gzip'
        ? createGunzip({ chunkSize: CHUNK })
        : compression === 'zstd'
          ? createZstdDecompress({ chunkSize: CHUNK })
          : new PassThrough();
    await pipeline(piecesOf(archive), inflate, async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) take(piece);
    });
    parser.finish();
    writer.finish();
  } catch (error) {
    throw describeArchiveError('archive', error);
  } finally {
    writer.abort();
  }
}

/** Not a stream of a file: that closes its descriptor when reading is given up, and it is the job's to close. */
function* piecesOf(file: number): Generator<Buffer> {
  for (;;) {
    const piece = Buffer.allocUnsafe(CHUNK);
    const length = readSync(file, piece);
    if (length === 0) return;
    yield piece.subarray(0, length);
  }
}

function told(error: unknown): Pick<BerthError, 'code' | 'message' | 'hint'> {
  if (error instanceof BerthError) return { code: error.code, message: error.message, hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, hint: undefined };
}
