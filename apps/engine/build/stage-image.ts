import type { ImageConfig as BuiltConfig } from '@berth/dockerfile';
import type { Digest } from '@berth/oci';
import {
  formatPlatform,
  hostPlatform,
  type ImageConfig,
  type ImageDrafts,
  type ImageRunConfig,
  type LayerBlob,
  type StepImage,
} from '../images/index.ts';
import type { NewLayer } from './files/file-work.ts';

/** An image on its way: the last one of a stage so far, or nothing (scratch). */
export interface StageImage {
  image: StepImage | undefined;
  /** '' is scratch. */
  id: Digest | '';
  platform: Pick<ImageConfig, 'architecture' | 'os' | 'variant'>;
}

/** What a step makes of the image before it. */
export interface StepResult {
  config: BuiltConfig;
  author: string | undefined;
  /** For the history, as the classic builder writes it. */
  createdBy: string;
  comment?: string;
  layer: Omit<NonNullable<NewLayer>, 'size'> | undefined;
  /** Steps that only write the configuration add no layer, not even an empty one. */
  created: Date;
}

export function scratch(platform: StageImage['platform']): StageImage {
  return { image: undefined, id: '', platform };
}

export function onImage(image: StepImage): StageImage {
  const { architecture, os, variant } = image.config;
  return { image, id: image.id, platform: { architecture, os, ...(variant === undefined ? {} : { variant }) } };
}

/** What a step is done on, as its key has it. Nothing (scratch) is nothing for a platform, '' for that of this host. */
export function baseOf({ id, platform }: StageImage): string {
  if (id !== '') return id;
  const name = formatPlatform(platform);
  return name === formatPlatform(hostPlatform()) ? '' : name;
}

/** The image of a step, on top of the one before it. Errors: invalid (`max depth exceeded`). */
export async function addStep(drafts: ImageDrafts, before: StageImage, step: StepResult): Promise<StageImage> {
  const base = before.image?.config;
  const below: LayerBlob[] = before.id === '' ? [] : await drafts.layersOf(before.id);
  const created = step.created.toISOString();
  const entry = {
    created,
    created_by: step.createdBy,
    ...(step.author && { author: step.author }),
    ...(step.comment && { comment: step.comment }),
    ...(step.layer === undefined && { empty_layer: true }),
  };
  const config: ImageConfig = {
    ...before.platform,
    created,
    ...(step.author && { author: step.author }),
    config: runConfigOf(step.config),
    rootfs: {
      type: 'layers',
      diff_ids: [...(base?.rootfs.diff_ids ?? []), ...(step.layer ? [step.layer.diffId] : [])],
    },
    // An image without history has a step for each layer all the same.
    history: [...(base?.history ?? base?.rootfs.diff_ids.map(() => ({})) ?? []), entry],
  };
  const layers = step.layer ? [...below, step.layer.blob] : below;
  return { ...before, ...onImage(drafts.add(config, layers, before.id)) };
}

/** What the language writes, without what is not set. */
function runConfigOf(config: BuiltConfig): ImageRunConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as ImageRunConfig;
}
