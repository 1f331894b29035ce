import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILD_CACHE_ID, BUILD_EXPLAIN_ID, type BuildCacheExport } from '@berth/contract';
import { type BuildPlan, type Dockerfile, parseDockerfile, planBuild, unusedBuildArgs } from '@berth/dockerfile';
import { BerthError, Scope } from '@berth/kit';
import { canonicalString, familiarString } from '@berth/oci';
import type { StepImage } from '../images/index.ts';
import { transaction } from '../state/database.ts';
import type { Build, Builder } from './build-context.ts';
import { exportCache, exportTitle, withInlineCache } from './cache/export.ts';
import { importCaches, type TellImport } from './cache/import.ts';
import { type CacheFrom, type CacheTo, readCacheFrom, readCacheTo } from './cache/options.ts';
import { type OpenedContext, openMainContext } from './main-context.ts';
import type { BuildInput, BuildRequest } from './model.ts';
import { releaseNamedContexts } from './named-context.ts';
import { both } from './output/both.ts';
import { classicReporter, shortOf } from './output/classic.ts';
import { type ExtraSteps, progressReporter } from './output/progress.ts';
import { localPlatform } from './platform.ts';
import { squash } from './squash.ts';
import { type BuiltStage, buildStage } from './stage.ts';
import type { StageImage } from './stage-image.ts';
import { withLabels } from './with-labels.ts';

/**
 * POST /build. What is wrong with the request or the Dockerfile is thrown before the first message; what fails later is
 * told as a message with Docker's words, and then thrown no more.
 */
export async function build(builder: Builder, request: BuildRequest, input: BuildInput): Promise<void> {
  const abort = new AbortController();
  const canceled = () => abort.abort(new BerthError('canceled', 'the build was canceled'));
  input.signal.addEventListener('abort', canceled, { once: true });
  await using scope = new Scope();
  scope.add('forget the client', () => input.signal.removeEventListener('abort', canceled));
  if (request.session) scope.add('close the session', () => request.session?.close());
  const lease = builder.images.lease();
  lease.holdEverything();
  scope.add('let go of content', () => lease.close());
  const caches = cachesOf(request);
  const opened = await openMainContext(builder, request, input);
  scope.add('release the context', () => opened.context?.release());
  const dockerfile = parseDockerfile(opened.dockerfile, request.dockerfile);
  const plan = withLabels(planOf(dockerfile, request), request.labels);
  const emit = request.quiet ? () => undefined : input.emit;
  const order = plan.order.map(({ index }) => index);
  const classic = classicReporter(order, plan.totalSteps, emit);
  const isModern = request.session?.progress === true;
  const progress = isModern ? progressReporter(input.emit) : undefined;
  const reporter = progress ? both(progress, classic) : classic;
  const work: Build = {
    ...{ builder, request, plan, reporter, context: opened.context },
    signal: abort.signal,
    scratch: scratchDirectory(builder.config.dataRoot, scope),
    ignoredBy: opened.ignoredBy,
    explain: isModern ? (aux) => input.emit({ id: BUILD_EXPLAIN_ID, aux }) : undefined,
    previous: isModern ? builder.cache.run(nameOf(request)) : [],
    done: [],
    triggers: [],
    imports: [],
    results: caches.to.length > 0 ? [] : undefined,
  };
  scope.add('release fetched contexts', () => releaseNamedContexts(work));
  if (input.signal.aborted) canceled();
  sayWhatIsNot(request, emit);
  try {
    work.imports = await importCaches(work, caches.from, tellImport(emit, progress));
    await finish(work, await buildStages(work, abort), input, { progress, to: caches.to });
  } catch (error) {
    reporter.finish();
    await keep(builder, work).catch((failure) =>
      builder.log.warn('cannot keep the steps of a build', { error: failure }),
    );
    if (abort.signal.aborted && input.signal.aborted)
      throw new BerthError('canceled', 'the build was canceled', { cause: error });
    tell(error, input.emit);
  }
}

export type { OpenedContext };

/** Made when it is first asked for. */
function scratchDirectory(dataRoot: string, scope: Scope): () => string {
  let made: string | undefined;
  return () => {
    if (made !== undefined) return made;
    const path = join(dataRoot, 'build', 'tmp', randomBytes(8).toString('hex'));
    mkdirSync(path, { recursive: true, mode: 0o700 });
    scope.add('remove the working directory', () => rm(path, { recursive: true, force: true }));
    made = path;
    return path;
  };
}

interface Caches {
  from: CacheFrom[];
  to: CacheTo[];
}

/** Errors: invalid; not-supported, naming the option. */
function cachesOf({ cacheFrom, session, squash }: BuildRequest): Caches {
  const to = readCacheTo(session?.cacheTo ?? []);
  if (squash && to.some(({ type }) => type === 'inline'))
    throw new BerthError('not-supported', '--cache-to type=inline is not supported with --squash: the layers are gone');
  return { to, from: readCacheFrom(cacheFrom, session?.cacheFrom ?? []) };
}

/** A cache that cannot be had is no error: without it the steps are done. */
function tellImport(emit: (message: object) => void, progress: ExtraSteps | undefined): TellImport {
  return (name) => {
    const step = progress?.extra(`importing cache manifest from ${name}`);
    step?.begin();
    return (failure) => {
      if (failure === undefined) return step?.done({ image: '', cached: false });
      step?.failed(failure);
      emit({ stream: `[Warning] importing cache manifest from ${name}: ${failure}\n` });
    };
  };
}

/** What was asked for and changes nothing. */
function sayWhatIsNot({ remove, session, version }: BuildRequest, emit: (message: object) => void): void {
  if (!remove && !session && version === '1')
    emit({ stream: '[Warning] containers of steps are removed: their layers have become those of the image\n' });
}

function planOf(dockerfile: Dockerfile, { target, buildArgs, platform, session }: BuildRequest): BuildPlan {
  const local = localPlatform();
  return planBuild(dockerfile, {
    target: target === '' ? undefined : target,
    buildArgs: Object.fromEntries(
      Object.entries(buildArgs).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
    ),
    targetPlatform: platform === '' ? local : localPlatform(platform),
    buildPlatform: local,
    contexts: session ? session.namedContexts.keys() : [],
  });
}

/** All stages that are needed, side by side; the first failure ends the others. */
async function buildStages(build: Build, abort: AbortController): Promise<BuiltStage> {
  const { plan } = build;
  for (const [index, argument] of plan.globalArgs.entries()) build.reporter.globalArgument(index + 1, argument.text);
  const stages = new Map<number, Promise<BuiltStage>>();
  const others = (index: number): Promise<BuiltStage> => {
    const known = stages.get(index);
    if (known) return known;
    const begun = buildStage(build, plan.stages[index]!, others);
    begun.catch(() => undefined);
    stages.set(index, begun);
    return begun;
  };
  for (const { index } of plan.order) void others(index);
  try {
    await Promise.all([...stages.values()]);
    return await others(plan.target.index);
  } catch (error) {
    abort.abort(new BerthError('canceled', 'another stage of the build failed', { cause: error }));
    await Promise.allSettled([...stages.values()]);
    throw error;
  }
}

async function finish(
  build: Build,
  { image, base }: BuiltStage,
  { emit }: BuildInput,
  { progress, to }: { progress: ExtraSteps | undefined; to: readonly CacheTo[] },
): Promise<void> {
  const { builder, request } = build;
  if (image.image === undefined) throw new BerthError('invalid', 'No image was generated. Is your Dockerfile empty?');
  const { id } = await finalImage(build, image.image, base, to);
  const references = request.session?.untagged ? [] : request.tags;
  const exporting = progress?.extra('exporting to image');
  exporting?.begin();
  await builder.images.drafts.commit(references.map((reference) => ({ reference, image: id })));
  await keep(builder, build);
  for (const name of [`writing image ${id}`, ...references.map((one) => `naming to ${canonicalString(one)}`)])
    exporting?.status({ id: name, current: 0, started: new Date().toISOString(), completed: new Date().toISOString() });
  exporting?.done({ image: id, cached: false });
  for (const one of to)
    if (one.type !== 'inline') {
      const cache = await exportCache(build, one, image.image.id, progress?.extra(exportTitle(one)));
      const aux: BuildCacheExport = { cache };
      if (one.type === 'local') emit({ id: BUILD_CACHE_ID, aux });
    }
  if (request.quiet) {
    emit({ stream: `${id}\n` });
    return;
  }
  const unused = unusedBuildArgs(build.plan, build.triggers);
  if (unused.length > 0) emit({ stream: `[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n` });
  emit({ ...(request.session && { id: 'moby.image.id' }), aux: { ID: id } });
  emit({ stream: `Successfully built ${shortOf(id)}\n` });
  for (const reference of references) emit({ stream: `Successfully tagged ${familiarString(reference)}\n` });
}

/** What the outputs get: the last step's image, or one made of it. */
async function finalImage(
  build: Build,
  image: StepImage,
  base: StageImage,
  to: readonly CacheTo[],
): Promise<StepImage> {
  if (build.request.squash) return squash(build, base, image);
  return to.some(({ type }) => type === 'inline') ? withInlineCache(build, image) : image;
}

/**
 * Steps that were done stay, also those of a build that failed. Their images are on disk when it resolves; that they are
 * results is written after the answer, as it is known until then all the same.
 */
async function keep(builder: Builder, { request, done, plan }: Build): Promise<void> {
  const keys = [...builder.cache.pending.keys()];
  if (builder.images.drafts.hasDrafts()) await builder.images.drafts.commit([]);
  if (keys.length > 0) builder.afterwards(() => transaction(builder.cache.db, () => builder.cache.settle(keys)));
  const stages = plan.order.map(({ title }) => title);
  const sorted = [...done].sort((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage));
  builder.afterwards(() => builder.cache.note(nameOf(request), sorted));
}

/** By which a build knows the one before it. */
function nameOf({ tags, dockerfile, target }: BuildRequest): string {
  return JSON.stringify([tags.map(canonicalString)[0] ?? '', dockerfile, target]);
}

/** Docker's last message of a build that failed. */
function tell(error: unknown, emit: (message: object) => void): void {
  if (!(error instanceof BerthError) || error.code === 'internal') {
    const text = error instanceof Error ? error.message : String(error);
    emit({ errorDetail: { message: text }, error: text });
    return;
  }
  const { message, details } = error;
  const code = details?.['exitCode'];
  emit({ errorDetail: { ...(typeof code === 'number' && { code }), message }, error: message });
}
