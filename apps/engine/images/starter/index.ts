import { BerthError } from '@berth/kit';
import { familiarString, parseReference } from '@berth/oci';
import { announce, type ImageContext } from '../context.ts';
import type { Image } from '../model.ts';
import { hostPlatform } from '../pull-platform.ts';
import type { OnProgress } from '../service.ts';
import { addSingleLayerImage } from '../single-layer.ts';
import { busyboxLayer } from './busybox.ts';
import { debianLayer } from './debian.ts';
import { helloLayer } from './hello.ts';
import { RECIPES, type Recipe } from './recipes.ts';
import { registryLayer } from './registry.ts';

/** A root file system on its way in. */
export interface StarterLayer {
  archive: Uint8Array | AsyncIterable<Uint8Array>;
  /** Milliseconds since the epoch: of the content, not of the making, so that the same content gives the same image. */
  createdAt: number;
  /** What made it, for the history. */
  madeBy: string;
}

export interface StarterOptions {
  onProgress: OnProgress;
  /** Directory for unfinished files, emptied at engine start. */
  temporary: string;
}

/**
 * Makes starter images by the recipes in `images/`, from Debian packages. Errors: not-found for unknown names, before
 * anything is made; unavailable when a package or the mirror is missing.
 */
export async function makeStarterImages(
  context: ImageContext,
  names: readonly string[],
  options: StarterOptions,
): Promise<Image[]> {
  const known = Object.keys(RECIPES);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined || names.length === 0) {
    throw new BerthError(
      'not-found',
      unknown === undefined ? 'no starter image was named' : `no such starter image: ${unknown}`,
      {
        hint: `Starter images are: ${known.join(', ')}.`,
      },
    );
  }
  const images: Image[] = [];
  for (const name of new Set(names)) images.push(await make(context, name, RECIPES[name]!, options));
  return images;
}

async function make(context: ImageContext, name: string, recipe: Recipe, options: StarterOptions): Promise<Image> {
  const { onProgress } = options;
  onProgress({ status: 'Making starter image from Debian packages', id: name });
  const { archive, createdAt, madeBy } = await layerOf(recipe, options);
  const created = new Date(createdAt).toISOString();
  const { os, architecture } = hostPlatform();
  const config = {
    architecture,
    os,
    created,
    config: {
      ...recipe.config,
      Labels: { 'io.berth.starter': 'true', 'org.opencontainers.image.description': recipe.description },
    },
    history: [{ created, created_by: madeBy, comment: 'Berth starter image' }],
  };
  const references = recipe.tags.map(parseReference);
  const image = await addSingleLayerImage(context, archive, config, references);
  announce(context, 'import', image.id, familiarString(references[0]!));
  for (const reference of references)
    onProgress({ status: `Made starter image ${familiarString(reference)}`, id: name });
  return image;
}

function layerOf({ files }: Recipe, options: StarterOptions): StarterLayer | Promise<StarterLayer> {
  switch (files.kind) {
    case 'hello':
      return helloLayer();
    case 'busybox':
      return busyboxLayer(options);
    case 'debian':
      return debianLayer(files.suite, options);
    case 'registry':
      return registryLayer(options);
  }
}
