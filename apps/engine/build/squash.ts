import { BerthError } from '@berth/kit';
import type { LayerBlob, StepImage } from '../images/index.ts';
import type { Build } from './build-context.ts';
import type { StageImage } from './stage-image.ts';
import { layersOf } from './steps/image-layers.ts';

/**
 * `--squash`: an image of the same files and configuration whose layers above `base` are one. The history keeps its steps, and
 * tells of the merge, as Docker's does.
 */
export async function squash(build: Build, base: StageImage, result: StepImage): Promise<StepImage> {
  const { images, files } = build.builder;
  const { drafts, blobs } = images;
  const all = await drafts.layersOf(result.id);
  const below = base.id === '' ? [] : await drafts.layersOf(base.id);
  const above = all.slice(below.length);
  if (above.length < 2) return result;
  const archives = above.map(({ digest, compression }: LayerBlob) => ({ path: blobs.path(digest), compression }));
  const never = () => new BerthError('internal', 'nothing was forbidden');
  const merged = await files.merge({ layers: layersOf(build.builder, base), forbidden: [], leaked: never }, archives);
  const { config } = result;
  const created = new Date().toISOString();
  const kept = base.image?.config.history ?? [];
  const steps = (config.history ?? []).slice(kept.length).map((step) => ({ ...step, empty_layer: true }));
  const comment = `merge ${result.id} to ${base.id}`;
  return drafts.add(
    {
      ...config,
      created,
      rootfs: {
        type: 'layers',
        diff_ids: [...(base.image?.config.rootfs.diff_ids ?? []), ...(merged ? [merged.diffId] : [])],
      },
      history: [...kept, ...steps, { created, comment, ...(merged === undefined && { empty_layer: true as const }) }],
    },
    merged ? [...below, merged.blob] : below,
    base.id,
  );
}
