import type { Readable } from 'node:stream';
import type { BlobStore, Compression, Descriptor, Digest, Reference } from '@berth/oci';
import type { ImageDrafts } from './drafts.ts';
import type { Image, ImageSource } from './model.ts';
import type { WholeIndex } from './whole-index.ts';
import type { HistoryItem, ImageInspect, ImageSummary, ManifestSummary, ProgressMessage, RemovedItem } from './wire.ts';

/**
 * What images offer to the API and to other nouns. All verbs throw BerthError with Docker's wording; `name` is a
 * reference, `name@digest`, a full id or an unambiguous id prefix.
 */
export interface Images extends ImageSource {
  list(options: ListImagesOptions): Promise<ImageSummary[]>;
  /** `platform`: of an image of several platforms that one; here and below. Errors: not-found when it is not here. */
  inspect(name: string, platform?: string): ImageInspect;
  /** Adds what is stored of the manifests of images in a list or an inspection. */
  withManifests<T extends { Id: string; Size: number }>(
    images: readonly T[],
  ): Promise<(T & { Manifests: ManifestSummary[] })[]>;
  history(name: string, platform?: string): HistoryItem[];
  /** Errors: not-found; invalid (`refusing to create a tag with a digest reference`, grammar). */
  tag(name: string, target: Reference): void;
  /** Untags, and deletes what nothing names any more. Errors: not-found, conflict. */
  remove(
    name: string,
    options: { force: boolean; noPrune: boolean; platforms?: readonly string[] },
  ): Promise<RemovedItem[]>;
  prune(filters: Record<string, string[]>): Promise<{ ImagesDeleted: RemovedItem[] | null; SpaceReclaimed: number }>;
  /** Makes an image of one layer from a tar stream (plain, gzip or zstd). */
  import(archive: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<Image>;
  /** Takes in a `docker save` archive or a tar of an OCI layout. Hostile archives are refused as invalid. */
  load(archive: AsyncIterable<Uint8Array>, options: LoadOptions): Promise<Image[]>;
  /** A tar that both `docker load` and OCI tools read. Errors before the stream begins: not-found. */
  save(names: string[], platforms?: readonly string[]): Promise<Readable>;
  /** Makes starter images from Debian packages. Errors: not-found naming the known ones; unavailable (missing tool). */
  starter(names: string[], onProgress: OnProgress): Promise<Image[]>;

  /** Content of all images: configurations, manifests, layer archives. */
  readonly blobs: BlobStore;
  /** A blob, compressed by gzip. Errors: ENOENT when it is not here; the signal's reason. */
  gzipped(blob: Digest, signal?: AbortSignal): AsyncGenerator<Buffer, void>;
  /** Opens a lease: the way for new content to come in (pull, load, build). */
  lease(): ContentLease & { holdEverything(): void };
  /** Images that are put together step by step, by builds. */
  readonly drafts: ImageDrafts;
  /** The stored manifest of an image, as its bytes stand in the blob store: what a push sends. */
  manifestOf(id: Digest): Promise<{ descriptor: Descriptor; bytes: Buffer }>;
  /** The index of an image of several platforms, when it is here with all that it names. */
  wholeIndexOf(id: Digest): Promise<WholeIndex | undefined>;
  /** Notes that `reference` (canonical name) is known in its registry by this manifest or index digest. */
  addDigest(id: Digest, reference: Reference, digest: Digest): void;
  /** Says what happened to an image: `pull`, `push`, … */
  announce(action: string, id: Digest, name: string): void;
  /** Bytes of all unpacked layers and of interrupted downloads, for `system df`. */
  layersSize(): number;
  /**
   * Lets go of images that were removed by force while a stopped container stood on them. To be called after a container
   * was removed.
   */
  forgetRemoved(): Promise<void>;
  /** Ends the workers. */
  close(): Promise<void>;
}

/**
 * Keeps content from being collected while an image is put together. What is not part of an image when the lease is
 * closed, and is not held by another lease, is removed.
 *
 *     await using lease = images.lease();
 *     lease.hold(layer.digest);
 *     if (!(await images.blobs.has(layer.digest))) …ingest…
 *     await lease.unpack({ diffId, compression, source: { blob: layer.digest } });
 *     const image = await lease.addImage({ … });
 */
export interface ContentLease extends AsyncDisposable {
  /** Call it before asking whether the blob is here and before ingesting it. */
  hold(digest: Digest): void;
  /** True when the layer is unpacked already; holds it then. */
  hasLayer(diffId: Digest): boolean;
  /** True when the layer is unpacked, this archive is here and is known to be that layer's; holds both. */
  hasLayerOf(archive: Digest, diffId: Digest): Promise<boolean>;
  /** A `stream` that was unpacked turned out to be this archive: nobody has to read it again. */
  noteArchive(archive: Digest, diffId: Digest): void;
  /**
   * Unpacks a layer, or waits for another lease that does so. When it is here the archive is only read and compared,
   * unless it is known to be that layer's. Errors: invalid (hostile or broken archive; digest of the uncompressed bytes is
   * not `diffId`).
   */
  unpack(request: UnpackRequest): Promise<void>;
  /**
   * Makes the image visible: all blobs that the manifest names must be in the store and all layers unpacked. Flushes,
   * then writes all rows in one transaction. References with a tag are moved to this image; references with a digest
   * are added. Errors: invalid (config or manifest do not fit together, `max depth exceeded`).
   */
  addImage(request: AddImageRequest): Promise<Image>;
  /** Resolves when what only the lease held is gone from the disk. */
  close(): Promise<void>;
  /** As `close`, for whoever is asked for an answer: what goes is out of the store, and freed later. */
  release(): void;
}

export interface UnpackRequest {
  diffId: Digest;
  compression: Compression;
  source: { blob: Digest } | { stream: AsyncIterable<Uint8Array> };
  /** Bytes of the compressed archive; bounds how much it may grow. */
  size: number;
  signal?: AbortSignal;
}

export interface AddImageRequest {
  configBytes: Uint8Array;
  manifestBytes: Uint8Array;
  manifestMediaType: string;
  references: Reference[];
  /** The image that it was made of here. */
  parent?: Digest;
  /**
   * Further blobs to keep with the image: the index that it was chosen from, first, and what belongs to that (attestations).
   */
  related?: Digest[];
  /** Ids of the other platforms of that index, which were added as `memberOnly` before. They go when this image goes. */
  members?: Digest[];
  /** Another image will have it among its members; nobody sees it by itself. */
  memberOnly?: boolean;
}

export interface ListImagesOptions {
  all: boolean;
  /** Docker's `filters`, normalised to name → values. */
  filters: Record<string, string[]>;
  sharedSize: boolean;
}

export interface ImportOptions {
  /** Reference for the new image, or undefined: it stays untagged. */
  reference: Reference | undefined;
  message: string;
  /** Dockerfile instructions (`CMD ["sh"]`), one each. */
  changes: string[];
  /** `os[/arch[/variant]]`, or undefined: the host's. */
  platform: string | undefined;
  /** Shown in the history; `-` for a request body. */
  source: string;
}

export interface LoadOptions {
  onProgress: OnProgress;
  /** Leaves out messages other than the final `Loaded image` lines. */
  quiet: boolean;
  /** Only this platform is taken of the images of the archive, which must all have it. */
  platform?: string | undefined;
}

/** Takes progress messages; never throws. */
export type OnProgress = (message: ProgressMessage) => void;
