import { type Operation, type Root, type Stage, StageRun, type StageState } from '@berth/dockerfile';
import { BerthError } from '@berth/kit';
import { baseImage } from './base-image.ts';
import type { Build } from './build-context.ts';
import type { BuildContext } from './context/index.ts';
import type { MountRoot } from './mounts/run-mounts.ts';
import { namedContext } from './named-context.ts';
import type { StageReporter, StepReporter } from './output/reporter.ts';
import { addStep, onImage, type StageImage, scratch } from './stage-image.ts';
import type { StepPlace } from './steps/cached-step.ts';
import { configStep, type StepOutcome, workdirStep } from './steps/config-step.ts';
import { copyStep } from './steps/copy-step.ts';
import { selectFiles } from './steps/file-selection.ts';
import { layersOf } from './steps/image-layers.ts';
import { runStep } from './steps/run-step.ts';
import { type CopyRoot, contextRoot, imageRoot } from './steps/trees.ts';

/** A stage that is finished. */
export interface BuiltStage {
  image: StageImage;
  /** What it was begun with, through all stages that it is on. */
  base: StageImage;
  state: StageState;
}

/** Gives another stage when it is finished. */
export type OtherStage = (index: number) => Promise<BuiltStage>;

/** Does one stage of a build, step by step. Errors: those of its steps, placed in the Dockerfile. */
export async function buildStage(build: Build, stage: Stage, others: OtherStage): Promise<BuiltStage> {
  const output = build.reporter.stage(stage.index);
  try {
    const base = await beginStage(build, stage, others, output);
    const run = new StageRun(build.plan, stage, base.state);
    output.triggers(run.triggers);
    build.triggers.push(...run.instructions.slice(0, run.triggers));
    let image = base.image;
    const useCache = !build.request.noCache && !isFiltered(build, stage);
    let afterMiss = false;
    for (let operation = run.next(), position = 0; operation; operation = run.next(), position++) {
      build.signal.throwIfAborted();
      const reporter = output.step(factsOf(build, stage, operation, position + 2));
      reporter.begin();
      const place = { build, operation, before: image, stage, position, afterMiss, reporter };
      try {
        const outcome = await perform(place, operation, useCache, others);
        image = outcome.image;
        afterMiss = !outcome.cached;
      } catch (error) {
        reporter.failed(error instanceof Error ? error.message : String(error));
        throw error;
      }
    }
    return { image, base: base.base, state: run.state };
  } finally {
    output.end();
  }
}

function isFiltered({ request }: Build, { name, index }: Stage): boolean {
  const filter = request.session?.noCacheFilter ?? [];
  return filter.includes(name ?? '') || filter.includes(String(index));
}

async function beginStage(build: Build, stage: Stage, others: OtherStage, output: StageReporter): Promise<BuiltStage> {
  const reporter = output.step({
    number: stage.firstStep,
    text: stage.from.text,
    title: titleOf(build, stage, stage.from.text, 1),
    kind: 'from',
    inputs: [],
    vertex: vertexOf(stage, 1),
  });
  reporter.begin();
  try {
    const base = await baseOf(build, stage, others, reporter);
    reporter.done({ image: base.image.id, cached: false });
    return base;
  } catch (error) {
    reporter.failed(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

async function baseOf(build: Build, stage: Stage, others: OtherStage, reporter: StepReporter): Promise<BuiltStage> {
  const { base } = stage;
  if (base.kind === 'stage') return others(base.index);
  const image = await rootImage(build, base, others, reporter, stage.platform);
  return {
    image,
    base: image,
    state: { config: structuredClone(image.image?.config.config ?? {}) as StageState['config'] },
  };
}

async function rootImage(
  build: Build,
  root: Exclude<Root, { kind: 'context' }>,
  others: OtherStage,
  reporter: StepReporter,
  platform?: string,
): Promise<StageImage> {
  switch (root.kind) {
    case 'stage':
      return (await others(root.index)).image;
    case 'scratch':
      return scratch(platformOf(build));
    case 'image':
      return onImage(await baseImage(build, root.reference, platform, reporter.pulling));
    case 'named': {
      const named = await namedContext(build, root.name);
      if (named.kind === 'files') return filesImage(build, named.context);
      return onImage(await baseImage(build, named.reference, platform, reporter.pulling));
    }
  }
}

/** A stage on a context of files begins with these alone. */
async function filesImage(build: Build, context: BuildContext): Promise<StageImage> {
  const { files, images } = build.builder;
  const root = contextRoot(context);
  const { items } = await selectFiles(root.tree, '/', { isExcluded: () => false, parents: false });
  const before = scratch(platformOf(build));
  const layer = await files.copy(
    { layers: layersOf(build.builder, before), forbidden: [], leaked: never },
    {
      ...{ destination: '/', intoDirectory: true, isLink: false, owner: { kind: 'keep' }, archives: [] },
      sources: [
        {
          origin: root.origin,
          items: items.map((item) => ({ ...item, from: root.from({ ...item, path: item.from, sha256: '' }) })),
        },
      ],
    },
  );
  const step = { config: {}, author: undefined, createdBy: 'build context', layer, created: new Date() };
  return addStep(images.drafts, before, step);
}

function never(): never {
  throw new BerthError('internal', 'nothing was forbidden');
}

function platformOf({ plan }: Build): StageImage['platform'] {
  const { os, architecture, variant } = plan.wish.targetPlatform;
  return { os, architecture, ...(variant !== '' && { variant }) };
}

function perform(place: StepPlace, operation: Operation, useCache: boolean, others: OtherStage): Promise<StepOutcome> {
  switch (operation.kind) {
    case 'run':
      return runStep({ ...place, operation }, { useCache, rootOf: (root) => mountRoot(place, root, others) });
    case 'workdir':
      return workdirStep({ ...place, operation }, useCache);
    case 'config':
      return configStep({ ...place, operation }, useCache);
    case 'copy':
    case 'add':
      return copyStep(
        { ...place, operation },
        {
          useCache,
          root: () => copyRoot(place, operation.root, others),
          rootId: '',
        },
      );
  }
}

async function mountRoot(place: StepPlace, root: Root, others: OtherStage): Promise<MountRoot> {
  const files = await filesOf(place.build, root);
  if (files) return { files, image: undefined };
  const image = await rootImage(place.build, root as Exclude<Root, { kind: 'context' }>, others, place.reporter);
  return { files: imageRoot(place.build.builder, image), image: image.id || undefined };
}

async function copyRoot({ build, reporter }: StepPlace, root: Root, others: OtherStage): Promise<CopyRoot> {
  const files = await filesOf(build, root);
  if (files) return files;
  const image = await rootImage(build, root as Exclude<Root, { kind: 'context' }>, others, reporter);
  return imageRoot(build.builder, image);
}

/** Files that clients sent or that were fetched; undefined for images and stages. */
async function filesOf(build: Build, root: Root): Promise<CopyRoot | undefined> {
  if (root.kind === 'context') {
    if (!build.context) throw new BerthError('invalid', 'this build has no context to copy files from');
    return contextRoot(build.context);
  }
  if (root.kind !== 'named') return undefined;
  const named = await namedContext(build, root.name);
  return named.kind === 'files' ? contextRoot(named.context) : undefined;
}

function factsOf(build: Build, stage: Stage, operation: Operation, position: number) {
  return {
    number: operation.step,
    text: operation.text,
    title: titleOf(build, stage, operation.text, position),
    kind: operation.kind,
    inputs: [vertexOf(stage, position - 1)],
    vertex: vertexOf(stage, position),
  };
}

/** `[builder 2/4] RUN make`; without a name where there is one stage only. */
function titleOf({ plan }: Build, stage: Stage, text: string, position: number): string {
  const total = stage.instructions.length + 1;
  const name = plan.order.length > 1 || stage.name !== undefined ? `${stage.title} ` : '';
  return `[${name}${position}/${total}] ${text}`;
}

function vertexOf({ index }: Stage, position: number): string {
  return `stage-${index}-${position}`;
}
