import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kit';
import { type Digest, digestOf, familiarString, OCI, type Reference } from '@berth/oci';
import { durably } from '../state/database.ts';
import { buildManifest, type LayerBlob } from './build-manifest.ts';
import { announce, type ImageContext, sizeOf } from './context.ts';
import { createdAtOf, parseImageConfig } from './image-config.ts';
import { layersOf } from './layer-blobs.ts';
import type { Image, ImageConfig } from './model.ts';
import type { LayerRow } from './store.ts';

export type { LayerBlob };

/** What steps of builds need of an image: many are only passed through, and nobody asks for their names. */
export type StepImage = Pick<Image, 'id' | 'config'>;

/** A directory that holds a layer as overlayfs has it, with the archive of it. */
export interface DraftLayer {
  diffId: Digest;
  /** Uncompressed archive, complete, in `ingest`; moved away. */
  archive: string;
  archiveSize: number;
  /** Of `newLayer`. */
  directory: string;
  /** The directory's owners are those of a user namespace: its archive is unpacked in its place. */
  hasForeignOwners: boolean;
  /** Sum of file sizes in bytes. */
  size: number;
}

/**
 * Images step by step, as a build makes them: each is known by its id at once and can be run, but nothing is flushed and
 * no row is written until `commit`, which does so for all of them together. What was not committed when the engine dies
 * is swept at its next start. To be used while a lease that holds everything is open.
 */
export interface ImageDrafts {
  /** An empty directory to become a layer, on the file system of all layers. */
  newLayer(): { name: string; path: string };
  discardLayer(name: string): Promise<void>;
  /** A path for an archive that is being written. */
  newArchive(): string;
  /** Takes a layer over. Of one that is here already it leaves what it has no use for (paths) to the caller to remove. */
  addLayer(layer: DraftLayer): Promise<{ blob: LayerBlob; left: string[] }>;
  /** Makes an image of a configuration and the archives of its layers, which are here. Errors: invalid. */
  add(config: ImageConfig, layers: readonly LayerBlob[], parent: Digest | ''): StepImage;
  /** Sum of its unpacked layers in bytes. */
  sizeOf(id: Digest): number;
  /** The archives of an image's layers as they stand in the blob store, lowest first. */
  layersOf(id: Digest): Promise<LayerBlob[]>;
  /** True when the layer is unpacked. */
  hasLayer(diffId: Digest): boolean;
  /** True while all of the image is here, be it out of sight. */
  isHere(id: Digest): boolean;
  /** True while there are some that `commit` has to write. */
  hasDrafts(): boolean;
  /** True for images that lists show, or could show. */
  isVisible(id: Digest): boolean;
  /** An image that is here, brought back in sight where it was removed; undefined when its content is gone. */
  recall(id: Digest): StepImage | undefined;
  /** Writes all drafts and moves the references to their images; on disk when it resolves. */
  commit(references: readonly { reference: Reference; image: Digest }[]): Promise<void>;
}

export function openDrafts(context: ImageContext, dataRoot: string): ImageDrafts {
  const { store, content } = context;
  const ingest = join(dataRoot, 'ingest');
  const temporary = () => join(ingest, randomBytes(12).toString('hex'));
  const put = (bytes: Buffer): Digest => {
    const digest = digestOf(bytes);
    const path = content.blobs.path(digest);
    if (existsSync(path)) return digest;
    const draft = temporary();
    const fd = openSync(draft, 'wx', 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
    return digest;
  };
  return {
    newLayer: () => content.newDirectory(),
    discardLayer: (name) => content.discard(name),
    newArchive: temporary,
    addLayer: async ({ diffId, archive, archiveSize, directory, size, hasForeignOwners }) => {
      const left: string[] = [];
      // Taking the place of the same archive would free that one first: the answer would wait for the disk.
      if (existsSync(content.blobs.path(diffId))) left.push(archive);
      else renameSync(archive, content.blobs.path(diffId));
      const blob = { digest: diffId, size: archiveSize, compression: 'none' } as const;
      if (hasForeignOwners) {
        await content.unpack({ diffId, compression: 'none', source: { blob: diffId }, size: archiveSize });
        await content.discard(directory);
        return { blob, left };
      }
      const row: LayerRow = { diffId, directory, size, opaqueRoot: false };
      if (!content.adopt(row)) left.push(content.pathOf(row));
      return { blob, left };
    },
    add: (config, layers, parent) => {
      const configBytes = Buffer.from(JSON.stringify(config));
      const parsed = parseImageConfig(configBytes);
      const id = put(configBytes);
      const known = store.image(id);
      if (known && !known.removed) return known;
      const manifestBytes = buildManifest({ digest: id, size: configBytes.length }, layers);
      const manifest = put(manifestBytes);
      const rows = parsed.rootfs.diff_ids.map((diffId) => {
        const found = content.layer(diffId);
        if (!found) throw new BerthError('internal', `layer ${diffId} is not unpacked`);
        return found.row;
      });
      const row = {
        ...{ id, manifest, manifestType: OCI.manifest, config: parsed, created: createdAtOf(parsed) },
        ...{ tagged: 0, removed: false, memberOnly: false, index: '' as const, parent },
      };
      store.drafts.set(id, {
        row,
        layers: rows,
        blobs: [...new Set([id, manifest, ...layers.map(({ digest }) => digest)])],
      });
      return row;
    },
    sizeOf: (id) => sizeOf(context, id),
    layersOf: (id) => layersOf(context, id),
    hasLayer: (diffId) => content.hasLayer(diffId),
    isHere: (id) => store.image(id) !== undefined,
    hasDrafts: () => store.drafts.size > 0,
    isVisible: (id) => store.image(id)?.removed === false,
    recall: (id) => {
      const row = store.image(id);
      if (row?.removed) store.showImage(id);
      return row;
    },
    commit: async (references) => {
      // Those that come while this is under way are not flushed.
      const drafts = [...store.drafts];
      const tell = () => {
        for (const { reference, image } of references) announce(context, 'tag', image, familiarString(reference));
      };
      const stands = references.every(({ reference, image }) => store.imageByReference(reference)?.id === image);
      if (drafts.length === 0 && stands) return tell(); // nothing that a power cut could take away
      await content.makeDurable(new Set(drafts.flatMap(([, { blobs }]) => blobs)));
      const settled = new Set<Digest>();
      durably(store.db, () => {
        for (const [, { row, layers, blobs }] of drafts) {
          for (const layer of layers) {
            if (settled.has(layer.diffId)) continue;
            settled.add(layer.diffId);
            if (content.layer(layer.diffId)?.stored === false) store.putLayer(layer, content.boot);
          }
          store.putImage(row, blobs);
        }
        for (const { reference, image } of references) {
          store.putReference(reference, image);
          store.setTagged(image, Date.now());
        }
      });
      for (const [id] of drafts) store.drafts.delete(id);
      content.settle([...settled]);
      content.flushLayersSoon();
      tell();
    },
  };
}
