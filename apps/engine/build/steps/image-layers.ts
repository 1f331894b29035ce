import { join } from 'node:path';
import type { Operation } from '@berth/dockerfile';
import type { Build, Builder } from '../build-context.ts';
import type { Below } from '../files/file-work.ts';
import { forbiddenIn, leaked } from '../secrets.ts';
import type { StageImage } from '../stage-image.ts';

/** Directories of an image's layers, topmost first; an empty one for scratch. */
export function layersOf({ images, config }: Pick<Builder, 'images' | 'config'>, { id }: StageImage): string[] {
  return id === '' ? [join(config.dataRoot, 'l', 'empty')] : images.layerDirectories(id);
}

/** What the layer of a step comes on top of. */
export function below(build: Build, image: StageImage, operation: Operation): Below {
  return {
    layers: layersOf(build.builder, image),
    forbidden: forbiddenIn(build),
    leaked: ({ id, path }) => leaked(id, `/${path} of the layer of`, operation),
  };
}
