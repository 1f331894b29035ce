import { type Digest, familiarString, OCI } from '@berth/oci';
import { type Artifact, artifactLayout, type LayerBlob, type StepImage } from '../../images/index.ts';
import type { Build } from '../build-context.ts';
import type { StepReporter } from '../output/reporter.ts';
import type { StageImage } from '../stage-image.ts';
import type { CacheTo } from './options.ts';
import {
  CACHE_ARTIFACT_TYPE,
  CACHE_CONFIG_TYPE,
  CACHE_MEMBER,
  type CacheRecord,
  cacheConfig,
  recordsMember,
} from './records.ts';

/** A step of a build with what it was done on. */
export interface StepDone {
  key: string;
  before: StageImage;
  image: StepImage;
}

/** The image with the records of its own steps in its configuration. */
export function withInlineCache({ builder, results }: Build, image: StepImage): Promise<StepImage> {
  const records = stepsOf(results ?? [], image.id).map(recordOf);
  const config = { ...image.config, [CACHE_MEMBER]: recordsMember(records) };
  const { drafts } = builder.images;
  return drafts.layersOf(image.id).then((layers) => drafts.add(config, layers, image.id));
}

/**
 * Sends the cache of a build to where `to` says. For a local one it gives the id by which the client fetches it; '' for all
 * else. Errors: those of a push, unless they are to be ignored: told then.
 */
export async function exportCache(
  build: Build,
  to: CacheTo,
  final: Digest,
  reporter: StepReporter | undefined,
): Promise<string> {
  reporter?.begin();
  try {
    const id = await exportTo(build, to, await artifactOf(build, to, final), reporter);
    reporter?.done({ image: '', cached: false });
    return id;
  } catch (error) {
    build.signal.throwIfAborted();
    reporter?.failed(error instanceof Error ? error.message : String(error));
    if (!to.ignoreError) throw error;
    return '';
  }
}

/** What a step of modern views is called. */
export function exportTitle({ reference }: CacheTo): string {
  return reference === undefined
    ? 'exporting cache to client directory'
    : `exporting cache to registry ${familiarString(reference)}`;
}

async function exportTo(
  { builder, request, signal }: Build,
  { reference }: CacheTo,
  artifact: Artifact,
  reporter: StepReporter | undefined,
): Promise<string> {
  if (reference === undefined) return builder.exports.add(await artifactLayout(builder.images, artifact, signal));
  await builder.transfers.pushArtifact(reference, artifact, {
    auth: request.registryAuth[reference.domain],
    onProgress: (message) => reporter?.pulling(message),
    signal,
  });
  return '';
}

async function artifactOf({ builder, results = [] }: Build, { mode }: CacheTo, final: Digest): Promise<Artifact> {
  // Stages end in any order: sorted, the same steps give the same cache.
  const all = () => {
    const byKey = [...new Map(results.map((step) => [step.key, step]))];
    return byKey.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, step]) => step);
  };
  const steps = mode === 'max' ? all() : stepsOf(results, final);
  const layers = new Map<Digest, LayerBlob>();
  for (const step of steps) {
    const diffId = layerOf(step);
    const blob = diffId && !layers.has(diffId) && (await builder.images.drafts.layersOf(step.image.id)).at(-1);
    if (diffId && blob) layers.set(diffId, blob);
  }
  return {
    ...{ artifactType: CACHE_ARTIFACT_TYPE, configType: CACHE_CONFIG_TYPE },
    config: cacheConfig(steps.map(recordOf), [...layers.keys()]),
    layers: [...layers].map(([diffId, { digest, size, compression }]) => ({
      descriptor: { mediaType: MEDIA_TYPES[compression], digest, size },
      diffId,
    })),
  };
}

const MEDIA_TYPES = { none: OCI.layer, gzip: OCI.layerGzip, zstd: OCI.layerZstd };

/** The steps that an image is made of, the last one first. */
function stepsOf(results: readonly StepDone[], final: Digest): StepDone[] {
  const byImage = new Map<string, StepDone>(results.map((step) => [step.image.id, step]));
  const steps: StepDone[] = [];
  for (let step = byImage.get(final); step !== undefined; step = byImage.get(step.before.id)) {
    byImage.delete(step.image.id);
    steps.push(step);
  }
  return steps;
}

function recordOf(step: StepDone): CacheRecord {
  return { key: step.key, created: step.image.config.created ?? '', layer: layerOf(step) };
}

/** The layer that a step added; undefined where it added none. */
function layerOf({ image, before }: StepDone): Digest | undefined {
  const { diff_ids } = image.config.rootfs;
  return diff_ids.length > (before.image?.config.rootfs.diff_ids.length ?? 0) ? diff_ids.at(-1) : undefined;
}
