import { BerthError } from '@berth/kit';
import { digestOf, familiarString, OCI } from '@berth/oci';
import { buildManifest } from './build-manifest.ts';
import { announce, type ImageContext, leaseOf } from './context.ts';
import { layersOf } from './layer-blobs.ts';
import type { AddLayerRequest, Image, ImageConfig } from './model.ts';

/** Digest of an archive of nothing: two blocks of zeros. */
const EMPTY_ARCHIVE = digestOf(Buffer.alloc(1024));

/** An image of another one with a layer more. Content comes in as all content does: under a lease, flushed before rows. */
export async function addLayer(context: ImageContext, request: AddLayerRequest): Promise<Image> {
  const { store, content } = context;
  await using lease = leaseOf(context);
  lease.holdEverything();
  const base = store.image(request.parent);
  if (base === undefined) throw new BerthError('not-found', `No such image: ${request.parent}`);
  const layers = await layersOf(context, request.parent);
  const { digest, size } = await content.blobs.put(request.layer);
  const isEmpty = digest === EMPTY_ARCHIVE;
  if (!isEmpty) {
    await lease.unpack({ diffId: digest, compression: 'none', source: { blob: digest }, size });
    layers.push({ digest, size, compression: 'none' });
  }
  const config = configOf(base.config, request, isEmpty ? [] : [digest]);
  const configBytes = Buffer.from(JSON.stringify(config));
  const manifestBytes = buildManifest({ digest: digestOf(configBytes), size: configBytes.length }, layers);
  const references = request.reference ? [request.reference] : [];
  const image = await lease.addImage({
    configBytes,
    manifestBytes,
    manifestMediaType: OCI.manifest,
    references,
    parent: request.parent,
  });
  if (request.reference) announce(context, 'tag', image.id, familiarString(request.reference));
  return image;
}

function configOf(base: ImageConfig, request: AddLayerRequest, added: ImageConfig['rootfs']['diff_ids']): ImageConfig {
  const created = new Date().toISOString();
  const { author, comment, createdBy } = request;
  const step = {
    created,
    ...(createdBy && { created_by: createdBy }),
    ...(author && { author }),
    ...(comment && { comment }),
    ...(added.length === 0 && { empty_layer: true }),
  };
  return {
    architecture: base.architecture,
    os: base.os,
    ...(base.variant === undefined ? {} : { variant: base.variant }),
    created,
    ...(author && { author }),
    config: request.config,
    rootfs: { type: 'layers', diff_ids: [...base.rootfs.diff_ids, ...added] },
    // An image without history has a step for each layer all the same.
    history: [...(base.history ?? base.rootfs.diff_ids.map(() => ({}))), step],
  };
}
