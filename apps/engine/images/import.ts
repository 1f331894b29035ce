import { familiarString } from '@berth/oci';
import { decompressed } from '../archives/index.ts';
import { applyChanges } from './changes/index.ts';
import { announce, type ImageContext } from './context.ts';
import type { Image, ImageConfig } from './model.ts';
import { formatPlatform, hostPlatform, parsePlatform } from './pull-platform.ts';
import type { ImportOptions } from './service.ts';
import { addSingleLayerImage } from './single-layer.ts';

/** POST /images/create?fromSrc=…: an image of one layer. Errors: invalid (archive, changes, platform), not-supported. */
export async function importImage(
  context: ImageContext,
  archive: AsyncIterable<Uint8Array>,
  { reference, message, changes, platform, source }: ImportOptions,
): Promise<Image> {
  const { os, architecture, variant } = parsePlatform(platform ?? formatPlatform(hostPlatform()));
  const created = new Date().toISOString();
  const config: Omit<ImageConfig, 'rootfs'> = {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    created,
    // Before the archive is read: a wrong instruction should not cost an upload.
    config: applyChanges({}, changes),
    history: [{ created, comment: message || `Imported from ${source}` }],
  };
  const image = await addSingleLayerImage(context, decompressed(archive), config, reference ? [reference] : []);
  announce(context, 'import', image.id, reference ? familiarString(reference) : image.id);
  return image;
}
