import { BerthError } from '@berth/kit';
import { planError } from '../errors.ts';
import { expandWord, type Variables } from '../expand/word.ts';
import type { ArgInstruction, Dockerfile, FromInstruction, Instruction } from '../model.ts';
import { suggestion } from '../suggest.ts';
import { platformArgs } from './arguments.ts';
import { findContext } from './contexts.ts';
import { neededStages, stagesUsedBy } from './graph.ts';
import type { Base } from './operations.ts';
import { formatPlatform, type Platform, parsePlatform } from './platform.ts';

export interface BuildWish {
  /** Name or index; the last stage when undefined. */
  target?: string | undefined;
  buildArgs?: Readonly<Record<string, string>>;
  /** What the image is for. */
  targetPlatform: Platform;
  /** What the builder runs on. */
  buildPlatform: Platform;
  /** Names of the contexts that came with the request. */
  contexts?: Iterable<string>;
}

export interface Stage {
  index: number;
  /** `AS` in lower case. */
  name: string | undefined;
  /** For people: the name, or `stage-2`. */
  title: string;
  from: FromInstruction;
  base: Base;
  /** What FROM says, expanded. */
  baseText: string;
  /** Of `--platform`; undefined is the target's. */
  platform: string | undefined;
  /** Without FROM. Empty when a named context stands in for the stage. */
  instructions: Instruction[];
  /** Number of its FROM in the classic stream's `Step N/M`. */
  firstStep: number;
}

export interface BuildPlan {
  dockerfile: Dockerfile;
  wish: BuildWish;
  /** Every stage, by index. */
  stages: Stage[];
  /** By name; of two with one name the later. */
  byName: ReadonlyMap<string, Stage>;
  target: Stage;
  /** The stages that the target needs, each after those that it needs itself. ONBUILD may need more: see `stagesOf`. */
  order: Stage[];
  /** ARG before FROM and the platform arguments, with their values. */
  globals: ReadonlyMap<string, string>;
  /** ARG instructions before the first FROM. */
  globalArgs: ArgInstruction[];
  contexts: readonly string[];
  /** M of the classic stream's `Step N/M`: everything up to the target, ARG before FROM included. */
  totalSteps: number;
}

/**
 * Decides what a build has to do. Throws `invalid`, placed, at a target that does not exist, at a blank base, at a wrong
 * platform, and at a stage that needs itself or a later one.
 */
export function planBuild(dockerfile: Dockerfile, wish: BuildWish): BuildPlan {
  checkFrontend(dockerfile, wish);
  const globalArgs = takeGlobalArgs(dockerfile);
  const globals = globalsOf(dockerfile, globalArgs, wish);
  const contexts = [...(wish.contexts ?? [])];
  const byName = new Map<string, Stage>();
  const stages = readStages(dockerfile, wish, globals, globalArgs.length, contexts, byName);
  const target = findTarget(stages, wish.target, dockerfile);
  const totalSteps = target.firstStep + target.instructions.length;
  const plan = { dockerfile, wish, stages, byName, target, order: [], globals, globalArgs, contexts, totalSteps };
  return { ...plan, order: neededStages(plan, target) };
}

/** The stages that an instruction takes files from. Throws, placed, at one that is not there yet. */
export function stagesOf(plan: BuildPlan, stage: Stage, instruction: Instruction): Stage[] {
  return stagesUsedBy(plan, stage, instruction);
}

/** What a frontend of that name would read is not this language: nothing of it is fetched, and nothing guessed. */
function checkFrontend({ source, directives, syntax }: Dockerfile, { buildArgs = {} }: BuildWish): void {
  const passed = Object.hasOwn(buildArgs, 'BUILDKIT_SYNTAX') ? buildArgs['BUILDKIT_SYNTAX'] : undefined;
  const frontend = passed || syntax;
  if (frontend === undefined || isBuiltIn(frontend)) return;
  const line = passed ? 1 : (directives.find(({ name }) => name === 'syntax')?.line ?? 1);
  const end = { line, column: (source.lines[line - 1]?.length ?? 0) + 1 };
  const shown = JSON.stringify(frontend);
  throw planError(
    { source, span: { start: { line, column: 1 }, end } },
    `frontend ${shown} is not supported: the built-in one reads docker/dockerfile:1`,
  );
}

/** Docker's own frontend under all of its names, from whatever mirror. */
function isBuiltIn(frontend: string): boolean {
  if (frontend === 'dockerfile.v0') return true;
  const [owner, name = ''] = frontend.split('/').slice(-2);
  return owner === 'docker' && /^dockerfile(?:-upstream)?(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/.test(name);
}

function takeGlobalArgs({ instructions }: Dockerfile): ArgInstruction[] {
  const args: ArgInstruction[] = [];
  for (const instruction of instructions) {
    if (instruction.kind !== 'arg') break;
    args.push(instruction);
  }
  return args;
}

/** The values of ARG before FROM and of the platform arguments. Throws, placed, where a default cannot be expanded. */
export function globalsOf(
  dockerfile: Dockerfile,
  instructions: readonly ArgInstruction[],
  { buildArgs = {}, buildPlatform, targetPlatform, target }: BuildWish,
): Map<string, string> {
  const stage = target || dockerfile.instructions.findLast((instruction) => instruction.kind === 'from')?.name;
  const globals = platformArgs(buildPlatform, targetPlatform, stage);
  for (const name of globals.keys()) {
    if (Object.hasOwn(buildArgs, name)) globals.set(name, buildArgs[name] ?? '');
  }
  for (const instruction of instructions) {
    for (const { name, value, span } of instruction.args) {
      const blame = { source: dockerfile.source, span };
      if (Object.hasOwn(buildArgs, name)) globals.set(name, buildArgs[name] ?? '');
      else if (value !== undefined)
        globals.set(
          name,
          placed(blame, () => expand(dockerfile, value, globals)),
        );
    }
  }
  return globals;
}

function expand(dockerfile: Dockerfile, text: string, variables: ReadonlyMap<string, string>): string {
  const lookUp: Variables = (name) => variables.get(name);
  return expandWord(text, lookUp, { escape: dockerfile.escape }).text;
}

/** Puts the place to an error that has none. */
export function placed<T>(blame: Parameters<typeof planError>[0], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BerthError && error.details === undefined) throw planError(blame, error.message);
    throw error;
  }
}

function readStages(
  dockerfile: Dockerfile,
  wish: BuildWish,
  globals: ReadonlyMap<string, string>,
  before: number,
  contexts: readonly string[],
  byName: Map<string, Stage>,
): Stage[] {
  const stages: Stage[] = [];
  let step = before;
  for (const instruction of dockerfile.instructions.slice(before)) {
    step++;
    const current = stages.at(-1);
    if (instruction.kind === 'from') {
      const stage = beginStage(dockerfile, wish, globals, stages.length, byName, instruction, step, contexts);
      stages.push(stage);
      if (stage.name !== undefined) byName.set(stage.name, stage);
    } else current?.instructions.push(instruction);
  }
  for (const stage of stages) {
    const context = stage.name === undefined ? undefined : findContext(contexts, stage.name);
    if (context === undefined) continue;
    stage.base = { kind: 'named', name: context };
    stage.instructions = [];
  }
  return stages;
}

function beginStage(
  dockerfile: Dockerfile,
  wish: BuildWish,
  globals: ReadonlyMap<string, string>,
  index: number,
  earlier: ReadonlyMap<string, Stage>,
  from: FromInstruction,
  firstStep: number,
  contexts: readonly string[],
): Stage {
  const blame = { source: dockerfile.source, span: from.imageSpan };
  const baseText = placed(blame, () => expand(dockerfile, from.image, globals));
  if (baseText === '') throw planError(blame, `base name (${from.image}) should not be blank`);
  const platform = platformOf(dockerfile, wish, globals, from);
  return {
    index,
    name: from.name,
    title: from.name ?? `stage-${index}`,
    from,
    base: baseOf(baseText, earlier, contexts),
    baseText,
    platform,
    instructions: [],
    firstStep,
  };
}

function platformOf(
  dockerfile: Dockerfile,
  wish: BuildWish,
  globals: ReadonlyMap<string, string>,
  from: FromInstruction,
): string | undefined {
  const { platform } = from;
  if (platform === undefined) return undefined;
  const blame = { source: dockerfile.source, span: from.span };
  const text = placed(blame, () => expand(dockerfile, platform, globals));
  if (text === '') throw planError(blame, `empty platform value from expression ${platform}`);
  try {
    return formatPlatform(parsePlatform(text, wish.buildPlatform));
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw planError(blame, `failed to parse platform ${platform}: ${error.message}`);
  }
}

/** A stage before an image of the same name, a context before both. */
function baseOf(text: string, earlier: ReadonlyMap<string, Stage>, contexts: readonly string[]): Base {
  const stage = earlier.get(text);
  if (stage !== undefined) return { kind: 'stage', index: stage.index };
  if (text === 'scratch') return { kind: 'scratch' };
  const context = findContext(contexts, text);
  return context === undefined ? { kind: 'image', reference: text } : { kind: 'named', name: context };
}

function findTarget(stages: readonly Stage[], wished: string | undefined, { source }: Dockerfile): Stage {
  const last = stages.at(-1);
  const found =
    wished === undefined || wished === ''
      ? last
      : (stages.findLast(({ name }) => name === wished.toLowerCase()) ??
        (/^\d+$/.test(wished) ? stages[Number(wished)] : undefined));
  if (found !== undefined) return found;
  const names = stages.map(({ title }) => title);
  throw new BerthError(
    'invalid',
    `target stage ${JSON.stringify(wished)} could not be found${suggestion(wished ?? '', names, true)}`,
    { details: { file: source.name, stages: names } },
  );
}
