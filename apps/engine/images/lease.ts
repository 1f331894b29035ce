import { BerthError } from '@berth/kit';
import { type Digest, digestOf, MANIFEST_LIMIT, type Manifest, parseManifest } from '@berth/oci';
import { durably } from '../state/database.ts';
import type { Holds, ImageContent } from './content.ts';
import { createdAtOf, parseImageConfig } from './image-config.ts';
import type { ImageConfig } from './model.ts';
import type { AddImageRequest, ContentLease, UnpackRequest } from './service.ts';
import type { ImageStore } from './store.ts';

/** What a lease gives back of an image: its id; the caller looks the rest up. */
export interface LeaseWithId extends Omit<ContentLease, 'addImage'> {
  addImage(request: AddImageRequest): Promise<Digest>;
  /** For content whose digest is only known when it is here: nothing at all is collected while this lease is open. */
  holdEverything(): void;
}

export function openLease(content: ImageContent, store: ImageStore): LeaseWithId {
  const holds: Holds = content.openLease();
  const close = () => content.closeLease(holds);
  return {
    hold: (digest) => void holds.blobs.add(digest),
    holdEverything: () => {
      holds.everything = true;
    },
    hasLayer: (diffId) => {
      holds.layers.add(diffId);
      return content.hasLayer(diffId);
    },
    hasLayerOf: async (archive, diffId) => {
      holds.blobs.add(archive);
      holds.layers.add(diffId);
      return (
        content.hasLayer(diffId) &&
        (await content.blobs.has(archive)) &&
        (await content.verified.has(archive, diffId)) &&
        content.hasLayer(diffId)
      );
    },
    noteArchive: (archive, diffId) => content.verified.note(archive, diffId),
    unpack: (request: UnpackRequest) => {
      holds.layers.add(request.diffId);
      if ('blob' in request.source) holds.blobs.add(request.source.blob);
      return content.unpack(request);
    },
    addImage: (request) => addImage(content, store, holds, request),
    close,
    release: () => content.releaseLease(holds),
    [Symbol.asyncDispose]: close,
  };
}

async function addImage(
  content: ImageContent,
  store: ImageStore,
  holds: Holds,
  request: AddImageRequest,
): Promise<Digest> {
  const { configBytes, manifestBytes, manifestMediaType, references, related = [], parent = '' } = request;
  const config = parseImageConfig(configBytes);
  const id = digestOf(configBytes);
  const manifestDigest = digestOf(manifestBytes);
  const manifest = fittingManifest(request, id, config);
  const blobs = new Set([id, manifestDigest, ...manifest.layers.map((layer) => layer.digest), ...related]);
  for (const digest of blobs) holds.blobs.add(digest);
  for (const diffId of config.rootfs.diff_ids) holds.layers.add(diffId);
  await content.blobs.put(configBytes, { digest: id });
  await content.blobs.put(manifestBytes, { digest: manifestDigest });
  await requireBlobs(content, manifest, related);
  const index = await indexOf(content, related, manifestDigest);
  await content.makeDurable(blobs);

  const before = store.image(id);
  // What came from a registry replaces what was made here, so that a push sends the registry's own bytes; not the other way.
  const keepsManifest = before !== undefined && !before.removed && !references.some((reference) => reference.digest);
  const isSame = before?.manifest === manifestDigest;
  const superseded = before === undefined || keepsManifest ? [] : store.blobs(id);
  const pending: Digest[] = [];
  durably(store.db, () => {
    for (const diffId of new Set(config.rootfs.diff_ids)) {
      const layer = content.layer(diffId);
      if (layer === undefined) throw new BerthError('internal', `layer ${diffId} is not unpacked`);
      if (!layer.stored) store.putLayer(layer.row, content.boot);
      pending.push(diffId);
    }
    if (!keepsManifest) {
      const row = {
        id,
        manifest: manifestDigest,
        manifestType: manifestMediaType,
        config,
        created: createdAtOf(config),
      };
      const memberOnly = request.memberOnly === true;
      // The same manifest once more, without its index: what was known of that stays.
      const kept = isSame && index === '' ? store.blobs(id) : [];
      const from = index === '' && isSame ? before.index : index;
      store.putImage({ ...row, parent, tagged: 0, removed: false, memberOnly, index: from }, [
        ...new Set([...blobs, ...kept]),
      ]);
    } else {
      if (isSame && index !== '' && before.index === '') store.setIndex(id, index, related);
      if (before.memberOnly && request.memberOnly !== true) store.showImage(id);
    }
    if (request.members !== undefined && (isSame || !keepsManifest)) {
      store.setMembers(id, [...store.members(id).map((member) => member.id), ...request.members]);
    }
    for (const reference of references) store.putReference(reference, id);
  });
  content.settle(pending);
  content.flushLayersSoon();
  // Collected when the lease ends, if nothing else wants them.
  for (const digest of superseded) holds.blobs.add(digest);
  return id;
}

/** Which of the further blobs is the index that names this manifest; '' for none. */
async function indexOf(content: ImageContent, related: readonly Digest[], manifest: Digest): Promise<Digest | ''> {
  for (const digest of related) {
    const document = parseManifest(await content.blobs.readAll(digest, MANIFEST_LIMIT), undefined);
    if (document.kind === 'index' && document.index.manifests.some((entry) => entry.digest === manifest)) return digest;
  }
  return '';
}

/** The manifest, which must be of this configuration. Errors: invalid. */
function fittingManifest(request: AddImageRequest, id: Digest, config: ImageConfig): Manifest {
  const document = parseManifest(request.manifestBytes, request.manifestMediaType);
  if (document.kind !== 'manifest') throw new BerthError('invalid', 'an image needs a manifest, not an index');
  const { manifest } = document;
  if (manifest.config.digest !== id || manifest.config.size !== request.configBytes.byteLength) {
    throw new BerthError('invalid', 'the manifest names another image configuration');
  }
  const { diff_ids } = config.rootfs;
  if (manifest.layers.length !== diff_ids.length) {
    throw new BerthError(
      'invalid',
      `invalid manifest, layers length mismatch: expected ${diff_ids.length}, got ${manifest.layers.length}`,
    );
  }
  return manifest;
}

async function requireBlobs(content: ImageContent, manifest: Manifest, related: readonly Digest[]): Promise<void> {
  for (const { digest, size } of manifest.layers) {
    const stat = await content.blobs.stat(digest);
    if (stat === undefined) throw new BerthError('internal', `blob ${digest} is not here`);
    if (stat.size !== size)
      throw new BerthError('invalid', `blob ${digest} has ${stat.size} bytes, the manifest says ${size}`);
  }
  for (const digest of related) {
    if (!(await content.blobs.has(digest))) throw new BerthError('internal', `blob ${digest} is not here`);
  }
}
