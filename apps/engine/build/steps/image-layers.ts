import { join } from 'node:path';
import type { Builder } from '../build-context.ts';
import type { StageImage } from '../stage-image.ts';

/** Directories of an image's layers, topmost first; an empty one for scratch. */
export function below({ images, config }: Pick<Builder, 'images' | 'config'>, { id }: StageImage): string[] {
  return id === '' ? [join(config.dataRoot, 'l', 'empty')] : images.layerDirectories(id);
}
