import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, type Logger } from '@berth/kit';
import { type BlobStore, type Digest, hexOf, openBlobStore } from '@berth/oci';
import { spreadChildren } from '../linux/directory-flags.ts';
import { removeTree } from '../linux/remove-tree.ts';
import { durablyEvenIfFull, keepReserve } from '../state/database.ts';
import { Durability } from './durability.ts';
import { createGzip, type Gzip } from './gzip/index.ts';
import { repairLayers } from './repair-layers.ts';
import type { UnpackRequest } from './service.ts';
import type { ImageStore, LayerRow } from './store.ts';
import { createUnpacker, type LayerLimits, type Unpacker, type WrittenLayer } from './unpack/index.ts';
import { VerifiedArchives } from './verified-archives.ts';

/** Smallest bound for an unpacked layer in bytes; and how much larger than its archive a layer may be beyond it. */
const LAYER_LIMITS: Omit<LayerLimits, 'maxBytes'> = { minBytes: 1024 ** 3, growth: 100, maxEntries: 2_000_000 };
/** Lower directory of images without layers. */
const EMPTY = 'empty';

/** What an open lease keeps. */
export interface Holds {
  blobs: Set<Digest>;
  layers: Set<Digest>;
  /** Also what it cannot name yet. */
  everything: boolean;
}

/** A layer on its way in: no row yet, so a crash leaves only a directory that the next start sweeps. */
interface PendingLayer {
  done: Promise<LayerRow>;
  row: LayerRow | undefined;
}

/**
 * Blobs and unpacked layers: brought in under leases, removed when no image and no lease wants them. Rows come after
 * blobs are flushed, and go before content is removed: a crash leaves extra files, never an image that lacks some. Layers
 * are flushed later (`durability.ts`), since they can be made again of blobs.
 */
export class ImageContent {
  readonly blobs: BlobStore;
  readonly verified: VerifiedArchives;
  readonly #root: string;
  readonly #ingest: string;
  readonly #store: ImageStore;
  readonly #log: Logger;
  readonly #durability: Durability;
  readonly #unpacker: Unpacker = createUnpacker();
  readonly #gzip: Gzip = createGzip();
  readonly #pending = new Map<Digest, PendingLayer>();
  readonly #leases = new Set<Holds>();
  /** To be looked at again when the leases that hold them end. */
  readonly #candidates = { blobs: new Set<Digest>(), layers: new Set<Digest>() };
  readonly #removals = new Set<Promise<void>>();

  /** Opens `DATA/blobs`, `DATA/ingest`, `DATA/l`; `sweep` comes next. */
  constructor(dataRoot: string, store: ImageStore, log: Logger) {
    // Rows come after `makeDurable`, and what has none is removed at the next start.
    this.blobs = openBlobStore(dataRoot, { durable: false });
    this.verified = new VerifiedArchives(this.blobs, store);
    this.#root = join(dataRoot, 'l');
    this.#ingest = join(dataRoot, 'ingest');
    this.#store = store;
    this.#log = log;
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
    // Layers are filled side by side, and what was removed of one must not be in the way of the next.
    spreadChildren(this.#root);
    mkdirSync(join(this.#root, EMPTY), { recursive: true, mode: 0o755 });
    this.#durability = new Durability(this.#root, store, log);
  }

  /** Absolute path of a layer. */
  pathOf(row: LayerRow): string {
    return join(this.#root, row.directory);
  }

  emptyPath(): string {
    return join(this.#root, EMPTY);
  }

  /** A blob, compressed; see `Gzip`. */
  gzipped(blob: Digest, signal?: AbortSignal): AsyncGenerator<Buffer, void> {
    return this.#gzip.file(this.blobs.path(blob), signal);
  }

  openLease(): Holds {
    const holds: Holds = { blobs: new Set(), layers: new Set(), everything: false };
    this.#leases.add(holds);
    return holds;
  }

  /** Ends a lease and removes what only it held. */
  async closeLease(holds: Holds): Promise<void> {
    if (!this.#leases.delete(holds)) return;
    await this.collect([...holds.blobs], [...holds.layers]);
  }

  /** As `closeLease`, but nobody waits for the disk: what goes is out of the store. */
  releaseLease(holds: Holds): void {
    void this.closeLease(holds).catch((error: unknown) => {
      this.#log.warn('cannot remove what nothing uses any more; the next start tries again', { error });
    });
  }

  hasLayer(diffId: Digest): boolean {
    return this.#store.layer(diffId) !== undefined || this.#pending.get(diffId)?.row !== undefined;
  }

  /** The row of a layer that is unpacked, with or without a place in the database. */
  layer(diffId: Digest): { row: LayerRow; stored: boolean } | undefined {
    const stored = this.#store.layer(diffId);
    if (stored) return { row: stored, stored: true };
    const row = this.#pending.get(diffId)?.row;
    return row && { row, stored: false };
  }

  /** The caller's lease holds the layer. */
  async unpack(request: UnpackRequest): Promise<void> {
    const { diffId, source } = request;
    while (!this.hasLayer(diffId)) {
      request.signal?.throwIfAborted();
      const known = this.#pending.get(diffId);
      if (known === undefined) {
        await this.#start(request).done;
        if ('blob' in source) this.verified.note(source.blob, diffId);
        return;
      }
      // Someone else's failure, such as a canceled download, is not ours.
      await known.done.catch(() => undefined);
    }
    // Whether this archive is that layer is another question.
    if ('blob' in source && (await this.verified.has(source.blob, diffId))) return;
    await this.#fromArchive(request, this.emptyPath(), true);
    if ('blob' in source) this.verified.note(source.blob, diffId);
  }

  /** An empty directory that may become a layer by `adopt`; `name` is its short name. The next start sweeps it else. */
  newDirectory(): { name: string; path: string } {
    const name = randomBytes(6).toString('hex');
    const path = join(this.#root, name);
    mkdirSync(path, { mode: 0o755 });
    return { name, path };
  }

  /** Removes a directory of `newDirectory` that became no layer. */
  discard(name: string): Promise<void> {
    return this.#removeDirectory(name);
  }

  /** Takes a directory as a layer; the caller's lease holds it. False when this layer is here already. */
  adopt(row: LayerRow): boolean {
    if (this.hasLayer(row.diffId)) return false;
    this.#pending.set(row.diffId, { done: Promise.resolve(row), row });
    return true;
  }

  /** Layers that have a row now. */
  settle(diffIds: readonly Digest[]): void {
    for (const diffId of diffIds) this.#pending.delete(diffId);
  }

  /** Everything written so far is on disk when it resolves. */
  flush(): Promise<void> {
    return this.#durability.everything();
  }

  /** These blobs are on disk when it resolves; those of images that are here are already. */
  makeDurable(blobs: Iterable<Digest>): Promise<void> {
    const fresh = [...blobs].filter((digest) => !this.#store.isBlobUsed(digest));
    return this.#durability.files(fresh.map((digest) => this.blobs.path(digest)));
  }

  /** Identifies this run of the machine: layers that are not on disk for sure are marked with it. */
  get boot(): string {
    return this.#durability.boot;
  }

  /** To be called when there are rows of such layers. */
  flushLayersSoon(): void {
    this.#durability.layersSoon();
  }

  /** Unpacks a layer into a new directory, whether or not there is one; the caller writes its row. */
  unpackAnew(request: UnpackRequest): Promise<LayerRow> {
    return this.#unpack(request);
  }

  /** Removes those of the named blobs and layers that nobody wants. */
  async collect(blobs: readonly Digest[], diffIds: readonly Digest[]): Promise<void> {
    const thrown = this.#throwAway(this.#unheld('blobs', blobs).filter((digest) => !this.#store.isBlobUsed(digest)));
    const unused = this.#unheld('layers', diffIds).filter((diffId) => !this.#store.isLayerUsed(diffId));
    const pending = unused.flatMap((diffId) => this.#pending.get(diffId)?.row ?? []);
    for (const { diffId } of pending) this.#pending.delete(diffId);
    const stored = unused.flatMap((diffId) => this.#store.layer(diffId) ?? []);
    if (stored.length > 0) {
      durablyEvenIfFull(this.#store.db, () => {
        for (const { diffId } of stored) this.#store.removeLayer(diffId);
      });
    }
    await Promise.all([thrown, ...[...pending, ...stored].map(({ directory }) => this.#removeDirectory(directory))]);
    if (stored.length > 0) keepReserve(this.#store.db);
  }

  /** Of these and of the candidates those that no lease holds; the others become candidates. */
  #unheld(kind: 'blobs' | 'layers', digests: readonly Digest[]): Digest[] {
    const candidates = this.#candidates[kind];
    for (const digest of digests) candidates.add(digest);
    const free = [...candidates].filter((digest) => !this.#isHeld(kind, digest));
    for (const digest of free) candidates.delete(digest);
    return free;
  }

  #isHeld(kind: 'blobs' | 'layers', digest: Digest): boolean {
    return [...this.#leases].some((lease) => lease.everything || lease[kind].has(digest));
  }

  /** Removes what no row knows: left by a crash. Nothing else may be under way. */
  async sweep(): Promise<void> {
    const known = this.#store.allLayers().map((row) => row.diffId);
    await this.collect(await this.blobs.list(), known);
    await repairLayers(this, this.#store, this.#log);
    this.flushLayersSoon();
    const rows = this.#store.allLayers();
    const wanted = new Set([EMPTY, ...rows.map((row) => row.directory)]);
    const here = readdirSync(this.#root);
    const orphans = here.filter((name) => !wanted.has(name));
    const lost = rows.filter((row) => !here.includes(row.directory));
    if (lost.length > 0) {
      // Never our doing; only people and broken disks take them away.
      this.#log.error('layers are missing below the data root: load or pull their images again after removing them', {
        layers: lost.map((row) => row.diffId),
      });
    }
    await Promise.all(orphans.map((name) => this.#removeDirectory(name)));
  }

  /** Ends workers; resolves when nothing is being removed any more. */
  async close(): Promise<void> {
    await Promise.all([this.#unpacker.close(), this.#gzip.close()]);
    await Promise.all(this.#removals);
    await this.#durability.close();
  }

  #start(request: UnpackRequest): PendingLayer {
    const pending: PendingLayer = { done: this.#unpack(request), row: undefined };
    this.#pending.set(request.diffId, pending);
    pending.done = pending.done.then(
      (row) => {
        pending.row = row;
        // Whoever asked for it may be gone.
        if (!this.#isHeld('layers', row.diffId)) void this.collect([], [row.diffId]);
        return row;
      },
      (error: unknown) => {
        this.#pending.delete(request.diffId);
        throw error;
      },
    );
    return pending;
  }

  async #unpack(request: UnpackRequest): Promise<LayerRow> {
    const { diffId } = request;
    const name = randomBytes(6).toString('hex');
    const directory = join(this.#root, name);
    mkdirSync(directory, { mode: 0o755 });
    try {
      const written = await this.#fromArchive(request, directory, false);
      if (written.skippedXattrs > 0) {
        const facts = { diffId, count: written.skippedXattrs };
        this.#log.warn('this file system does not take some extended attributes of a layer', facts);
      }
      return { diffId, directory: name, size: written.size, opaqueRoot: written.opaqueRoot };
    } catch (error) {
      await this.#removeDirectory(name);
      throw error;
    }
  }

  /** Reads an archive into a directory, or only compares its digest. */
  #fromArchive(request: UnpackRequest, directory: string, isCheck: boolean): Promise<WrittenLayer> {
    const { diffId, compression, source, size, signal } = request;
    return this.#unpacker.unpack({
      directory,
      diffId,
      compression,
      isCheck,
      // Its digest was checked when it came in.
      isVerified: compression === 'none' && 'blob' in source && source.blob === diffId,
      limits: { ...LAYER_LIMITS, maxBytes: LAYER_LIMITS.minBytes + LAYER_LIMITS.growth * size },
      source: 'blob' in source ? { path: this.blobs.path(source.blob) } : source,
      signal,
    });
  }

  /**
   * Takes blobs away, at once for everybody: nobody can ask for one after it was looked at. Freeing what they had may take
   * the disk long, and nobody waits for that but the caller; what a crash leaves of it goes when the blob store is opened.
   */
  #throwAway(digests: readonly Digest[]): Promise<void> {
    if (digests.length === 0) return Promise.resolve();
    const trash = join(this.#ingest, `trash-${randomBytes(6).toString('hex')}`);
    try {
      mkdirSync(trash, { mode: 0o700 });
    } catch (error) {
      if (errnoOf(error) !== 'ENOSPC' && errnoOf(error) !== 'EDQUOT') throw error;
      // Not even room for that.
      for (const digest of digests) rmSync(this.blobs.path(digest), { force: true });
      return Promise.resolve();
    }
    for (const digest of digests) moveIfThere(this.blobs.path(digest), join(trash, hexOf(digest)));
    return this.#remove(trash, 'cannot remove blobs; the next start tries again');
  }

  #removeDirectory(name: string): Promise<void> {
    return this.#remove(join(this.#root, name), 'cannot remove a layer; the next start tries again');
  }

  #remove(directory: string, failure: string): Promise<void> {
    const removal = removeTree(directory).catch((error: unknown) => {
      this.#log.warn(failure, { directory, error });
    });
    this.#removals.add(removal);
    return removal.finally(() => this.#removals.delete(removal));
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
