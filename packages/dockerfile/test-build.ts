import { BerthError } from '@berth/kit';
import type { Instruction, InstructionKind } from './model.ts';
import { parseDockerfile } from './parse.ts';
import type { ImageConfig } from './plan/config.ts';
import type { CopyOperation, Operation, RunOperation } from './plan/operations.ts';
import { type BuildPlan, type BuildWish, planBuild } from './plan/plan.ts';
import { StageRun, type StageState } from './plan/run.ts';

/** The platform of tests. */
export const LINUX = { os: 'linux', architecture: 'amd64', variant: '' };

/** What a whole build came to, without anything being executed. Only for tests. */
export interface TestBuild {
  plan: BuildPlan;
  operations: Operation[];
  /** The configuration of the target. */
  config: ImageConfig;
  author: string | undefined;
}

/** Takes a build through all its stages; bases that are no stages have the configuration `base`. */
export function testBuild(text: string, wish: Partial<BuildWish> = {}, base: ImageConfig = {}): TestBuild {
  const plan = planBuild(parseDockerfile(text), { targetPlatform: LINUX, buildPlatform: LINUX, ...wish });
  const states = new Map<number, StageState>();
  const operations: Operation[] = [];
  for (const stage of plan.order) {
    const before = stage.base.kind === 'stage' ? states.get(stage.base.index) : undefined;
    const run = new StageRun(plan, stage, before ?? { config: base });
    for (let next = run.next(); next !== undefined; next = run.next()) operations.push(next);
    states.set(stage.index, run.state);
  }
  const end = states.get(plan.target.index);
  return { plan, operations, config: end?.config ?? {}, author: end?.author };
}

/** The instructions of a kind in one stage that has `lines`. */
export function readOnly<K extends InstructionKind>(kind: K, ...lines: string[]): (Instruction & { kind: K })[] {
  const { instructions } = parseDockerfile(`FROM a\n${lines.join('\n')}`);
  return instructions.filter((instruction): instruction is Instruction & { kind: K } => instruction.kind === kind);
}

/** The message of the error that `work` ends with. */
export function messageOf(work: () => unknown): string {
  return errorOf(work).message;
}

/** The error that `work` ends with; one that is not ours is thrown on. */
export function errorOf(work: () => unknown): BerthError {
  try {
    work();
  } catch (error) {
    if (error instanceof BerthError && error.code === 'invalid') return error;
    throw error;
  }
  throw new Error('there was no error');
}

export const isRun = (operation: Operation): operation is RunOperation => operation.kind === 'run';

export const isCopy = (operation: Operation): operation is CopyOperation =>
  operation.kind === 'copy' || operation.kind === 'add';

/** A stage on `a`. */
export const stageOf = (...lines: string[]) => ['FROM a', ...lines].join('\n');

/** What the first RUN has in its environment besides PATH. */
export function seenByRun(text: string, wish: Partial<BuildWish> = {}, base: ImageConfig = {}): string[] | undefined {
  const run = testBuild(text, wish, base).operations.find(isRun);
  return run?.environment.filter((entry) => !entry.startsWith('PATH='));
}
