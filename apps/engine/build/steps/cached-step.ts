import { randomBytes } from 'node:crypto';
import type { Operation, Stage } from '@berth/dockerfile';
import type { Build } from '../build-context.ts';
import { explainMiss } from '../cache/explain.ts';
import { type FileFact, keyOf, type StepInputs } from '../cache/store.ts';
import type { StepReporter } from '../output/reporter.ts';
import { checkWritten } from '../secrets.ts';
import { addStep, type StageImage, type StepResult } from '../stage-image.ts';

/** What a step needs of the stage that it is in. */
export interface StepPlace {
  build: Build;
  operation: Operation;
  before: StageImage;
  stage: Stage;
  /** From 0, FROM not counted. */
  position: number;
  /** The step before it was done anew. */
  afterMiss: boolean;
  reporter: StepReporter;
}

export interface StepWork {
  inputs: StepInputs;
  files: FileFact[];
  /** False: neither taken from the cache nor waited for. */
  useCache: boolean;
  createdBy: string;
  /** Does it. `tell` shows output to all who wait for the step. */
  make(signal: AbortSignal, tell: (stream: 1 | 2, bytes: Buffer) => void): Promise<StepResult['layer']>;
}

/** Takes a step from the cache, or waits for a build that does it just now, or does it. */
export async function cachedStep(place: StepPlace, work: StepWork): Promise<{ image: StageImage; cached: boolean }> {
  const { build, operation, stage } = place;
  checkWritten(build, operation, work.createdBy);
  const hit = work.useCache ? fromCache(place, work) : undefined;
  if (hit) return hit;
  const key = keyOf(work.inputs);
  build.done.push({ stage: stage.title, text: operation.text, key });
  const imported = work.useCache ? await fromImports(place, work, key) : undefined;
  if (imported) return imported;
  explain(place, work, undefined);
  const name = work.useCache ? key : `${key} ${randomBytes(8).toString('hex')}`;
  const options = { signal: build.signal, listener: place.reporter.log };
  const { result, isOwn } = await build.builder.shared.run(name, options, (signal, tell) =>
    makeStep(place, work, key, () => work.make(signal, tell)),
  );
  note(place, key, result);
  place.reporter.done({ image: result.id, cached: !isOwn });
  return { image: result, cached: !isOwn };
}

/** The result of a step with these inputs, if it is known. */
export function fromCache(
  place: StepPlace,
  work: Pick<StepWork, 'inputs' | 'files'>,
): { image: StageImage; cached: boolean } | undefined {
  const { build, stage, operation, reporter } = place;
  const key = keyOf(work.inputs);
  const image = recall(place, key);
  if (!image) return undefined;
  build.done.push({ stage: stage.title, text: operation.text, key });
  explain(place, { ...work, useCache: true }, 'nothing that it depends on changed');
  note(place, key, image);
  reporter.done({ image: image.id, cached: true });
  return { image, cached: true };
}

/**
 * The result of a step with these inputs as a cache that the user named has it. Only the layer and the time are that
 * cache's; all else is what it would be if the step were done here, and it is kept under the key that was found here.
 */
async function fromImports(
  place: StepPlace,
  work: StepWork,
  key: string,
): Promise<{ image: StageImage; cached: boolean } | undefined> {
  const { build, reporter } = place;
  for (const source of build.imports) {
    const record = source.records.get(key);
    if (record === undefined) continue;
    try {
      const layer = record.layer && { diffId: record.layer, blob: await source.bring(record.layer, reporter.pulling) };
      const image = await keepStep(place, work, key, layer, new Date(record.created));
      explain(place, work, `the cache ${source.name} has it`);
      note(place, key, image);
      reporter.done({ image: image.id, cached: true });
      return { image, cached: true };
    } catch (error) {
      build.signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      reporter.log(2, Buffer.from(`[Warning] the step is not taken from the cache ${source.name}: ${why}\n`));
    }
  }
  return undefined;
}

/** For the export of the cache. */
function note({ build, before }: StepPlace, key: string, { image }: StageImage): void {
  if (image) build.results?.push({ key, before, image });
}

function explain(
  place: StepPlace,
  { inputs, files, useCache }: Pick<StepWork, 'inputs' | 'files' | 'useCache'>,
  hit: string | undefined,
): void {
  const { build, operation, stage, position, afterMiss } = place;
  if (build.explain === undefined) return;
  const reason =
    hit ??
    explainMiss(build.builder.cache, {
      ...{ previous: build.previous, stage: stage.title, position, afterMiss, text: operation.text },
      texts: stage.instructions.map(({ text }) => text),
      inputs: { ...inputs, files },
      base: stage.baseText,
      notAsked: useCache ? undefined : notAsked(build, stage),
      ignoredBy: build.ignoredBy,
    });
  const name = build.plan.order.length > 1 ? `${stage.title} ` : '';
  build.explain({
    step: `${name}${position + 2}/${stage.instructions.length + 1}`,
    instruction: operation.text,
    line: operation.instruction.span.start.line,
    cached: hit !== undefined,
    reason,
  });
}

function notAsked({ request }: Build, { title }: Stage): string {
  return request.noCache
    ? 'the cache is not to be used (--no-cache)'
    : `stage ${title} is to be built anew (--no-cache-filter)`;
}

/** On the same base it is for the same platform. */
function recall({ build: { builder }, before }: StepPlace, key: string): StageImage | undefined {
  const row = builder.cache.find(key);
  const image = row && builder.images.drafts.recall(row.image);
  if (row && !image) builder.cache.remove([key]);
  if (!image) return undefined;
  builder.cache.touched.add(key);
  return { image, id: image.id, platform: before.platform };
}

async function makeStep(
  place: StepPlace,
  work: StepWork,
  key: string,
  make: () => Promise<StepResult['layer']>,
): Promise<StageImage> {
  place.build.builder.files.warm(); // its thread starts while a container does
  const layer = await make();
  return keepStep(place, work, key, layer, new Date());
}

/** The image of a step that was done, in the cache from now on. */
async function keepStep(
  { build, operation, before }: StepPlace,
  work: StepWork,
  key: string,
  layer: StepResult['layer'],
  created: Date,
): Promise<StageImage> {
  const { drafts } = build.builder.images;
  const image = await addStep(drafts, before, {
    config: operation.config,
    author: operation.author,
    createdBy: work.createdBy,
    layer,
    created,
  });
  const now = Date.now();
  const sizeOf = ({ id }: StageImage) => (id === '' ? 0 : drafts.sizeOf(id));
  if (image.id !== '') {
    build.builder.cache.add(
      {
        ...{ key, image: image.id, parent: before.id, description: work.createdBy },
        ...{ size: sizeOf(image) - sizeOf(before), created: now, used: now, uses: 0 },
      },
      { ...work.inputs, files: work.files },
    );
  }
  return image;
}
