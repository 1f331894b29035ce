import { join } from 'node:path';
import type { Logger } from '@berth/kit';
import { MANIFEST_LIMIT } from '@berth/oci';
import type { EngineConfig } from '../config.ts';
import type { Publish } from '../events/model.ts';
import type { Database } from '../state/database.ts';
import { addLayer } from './add-layer.ts';
import { ImageContent } from './content.ts';
import { announce, type ImageContext, leaseOf, toImage } from './context.ts';
import { openDrafts } from './drafts.ts';
import { importImage } from './import.ts';
import { imageHistory, inspectImage } from './inspect.ts';
import { layerDirectories } from './layer-directories.ts';
import { listImages } from './list.ts';
import { loadImages } from './load.ts';
import { withManifests } from './manifests.ts';
import type { ImageUsers } from './model.ts';
import { pruneImages } from './prune.ts';
import { forgetRemoved, removeImage } from './remove.ts';
import { removePlatforms } from './remove-platform.ts';
import { resolveForPlatform, resolveImage } from './resolve.ts';
import { saveImages } from './save.ts';
import type { Images } from './service.ts';
import { makeStarterImages } from './starter/index.ts';
import { ImageStore } from './store.ts';
import { tagImage } from './tag.ts';
import { wholeIndexOf } from './whole-index.ts';

export { type ArtifactLayout, artifactLayout, type LayoutFile, readArtifactLayout } from './artifact-layout.ts';
export type { Artifact, FoundArtifact } from './artifacts.ts';
export { applyChanges } from './changes/index.ts';
export type { DraftLayer, ImageDrafts, LayerBlob, StepImage } from './drafts.ts';
export { CONFIG_LIMIT } from './image-config.ts';
export { matchPath } from './match-path.ts';
export type * from './model.ts';
export { formatPlatform, hostPlatform, parsePlatform, platformMatches } from './pull-platform.ts';
export type * from './service.ts';
export type { TransferOptions, Transfers, TransfersOptions } from './transfers.ts';
export { createTransfers } from './transfers.ts';
export type * from './wire.ts';

export interface ImagesOptions {
  config: EngineConfig;
  db: Database;
  log: Logger;
  publish: Publish;
  /** Asked late: containers come after images. */
  users: () => ImageUsers;
}

/** Opens the image store below the data root and removes what a crash left there. */
export async function createImages({ config, db, log, publish, users }: ImagesOptions): Promise<Images> {
  const store = new ImageStore(db);
  const content = new ImageContent(config.dataRoot, store, log);
  for (const id of store.lostMembers()) store.removeImage(id);
  await content.sweep();
  const context: ImageContext = { store, content, users, publish };
  const temporary = join(config.dataRoot, 'ingest');
  return {
    blobs: content.blobs,
    gzipped: (blob, signal) => content.gzipped(blob, signal),
    resolve: (name, platform) => toImage(context, resolveForPlatform(store, name, platform)),
    layerDirectories: (id) => layerDirectories(context, id),
    list: async (options) => listImages(context, options),
    inspect: (name, platform) => inspectImage(context, name, platform),
    withManifests: (images) => withManifests(context, images),
    history: (name, platform) => imageHistory(context, name, platform),
    tag: (name, target) => tagImage(context, name, target),
    remove: async (name, options) => {
      const { platforms = [] } = options;
      const items =
        platforms.length > 0
          ? await removePlatforms(context, name, platforms, options)
          : await removeImage(context, name, options);
      await forgetRemoved(context);
      return items;
    },
    prune: (filters) => pruneImages(context, filters),
    import: (archive, options) => importImage(context, archive, options),
    load: (archive, options) => loadImages(context, archive, options),
    save: (names, platforms) => saveImages(context, names, platforms),
    starter: (names, onProgress) => makeStarterImages(context, names, { onProgress, temporary }),
    lease: () => leaseOf(context),
    drafts: openDrafts(context, config.dataRoot),
    addLayer: (request) => addLayer(context, request),
    manifestOf: async (id) => {
      const row = resolveImage(store, id);
      const bytes = await content.blobs.readAll(row.manifest, MANIFEST_LIMIT);
      return { descriptor: { mediaType: row.manifestType, digest: row.manifest, size: bytes.length }, bytes };
    },
    wholeIndexOf: (id) => wholeIndexOf(context, id),
    addDigest: (id, { domain, path }, digest) => store.putReference({ domain, path, digest }, id),
    announce: (action, id, name) => announce(context, action, id, name),
    layersSize: () => store.layersSize() + content.blobs.partial.size(),
    forgetRemoved: () => forgetRemoved(context),
    close: () => content.close(),
  };
}
