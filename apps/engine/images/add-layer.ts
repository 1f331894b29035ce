import { BerthError } from '@berth/kit';
import { digestOf, familiarString, layerCompression, MANIFEST_LIMIT, OCI, parseManifest } from '@berth/oci';
import { buildManifest, type LayerBlob } from './build-manifest.ts';
import { announce, type ImageContext, leaseOf } from './context.ts';
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

/** The layer archives of an image as they stand in the blob store. */
async function layersOf({ store, content }: ImageContext, id: Image['id']): Promise<LayerBlob[]> {
  const row = store.image(id)!;
  const document = parseManifest(await content.blobs.readAll(row.manifest, MANIFEST_LIMIT), row.manifestType);
  if (document.kind !== 'manifest') throw new BerthError('internal', `the manifest of image ${id} is an index`);
  return document.manifest.layers.map(({ digest, size, mediaType }) => {
    const compression = layerCompression(mediaType);
    if (compression === undefined) throw new BerthError('invalid', `a layer of image ${id} is of type ${mediaType}`);
    return { digest, size, compression };
  });
}
