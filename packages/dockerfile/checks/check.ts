import { BerthError } from '@berth/kit';
import { type IgnoreRules, NO_IGNORE_RULES } from '../ignore/rules.ts';
import type { Dockerfile } from '../model.ts';
import { type BuildPlan, type BuildWish, planBuild, type Stage } from '../plan/plan.ts';
import type { Platform } from '../plan/platform.ts';
import { StageRun, type StageState } from '../plan/run.ts';
import { checkFile } from './file-checks.ts';
import type { Finding } from './finding.ts';
import { type CheckOptions, isWanted, parseCheckOptions } from './options.ts';
import { checkFrom, checkStep, defaultsOf, type StageMemory } from './stage-checks.ts';

/** What a check may know beyond the file. */
export interface CheckFacts {
  ignore?: IgnoreRules;
  /** What a base that is no stage brings; undefined where it is not known: then its variables count as undefined. */
  base?: (stage: Stage) => CheckedBase | undefined;
}

export interface CheckedBase extends StageState {
  platform?: Platform;
}

export interface CheckReport {
  /** In the order of the file. */
  findings: Finding[];
  /** What would stop the build. */
  error: BerthError | undefined;
  /** A finding is to fail the build: `lint violation found for rules: …`. */
  fails: boolean;
}

/** Looks for what the documented checks look for. Without a target every stage is checked. Never throws. */
export function checkBuild(dockerfile: Dockerfile, wish: BuildWish, facts: CheckFacts = {}): CheckReport {
  const findings = checkFile(dockerfile);
  try {
    const options = optionsOf(dockerfile, wish);
    const plan = planBuild(dockerfile, wish);
    const error = checkStages(plan, facts, findings);
    return report(findings, options, error);
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    return report(findings, { skip: new Set(), experimental: new Set(), error: false }, error);
  }
}

/** The sentence that fails a build whose checks are errors. */
export function violationError({ findings }: Pick<CheckReport, 'findings'>): BerthError {
  const names = [...new Set(findings.map(({ rule }) => rule.name))];
  return new BerthError('invalid', `lint violation found for rules: ${names.join(', ')}`);
}

function optionsOf({ directives }: Dockerfile, { buildArgs = {} }: BuildWish): CheckOptions {
  const passed = Object.hasOwn(buildArgs, 'BUILDKIT_DOCKERFILE_CHECK')
    ? buildArgs['BUILDKIT_DOCKERFILE_CHECK']
    : undefined;
  return parseCheckOptions(passed ?? directives.find(({ name }) => name === 'check')?.value ?? '');
}

function report(findings: Finding[], options: CheckOptions, error: BerthError | undefined): CheckReport {
  const wanted = findings
    .filter(({ rule, comments }) => isWanted(rule, options, comments))
    .sort((a, b) => a.span.start.line - b.span.start.line || a.span.start.column - b.span.start.column);
  return { findings: wanted, error, fails: options.error && wanted.length > 0 };
}

/** Runs the stages without executing anything; answers the first error. */
function checkStages(plan: BuildPlan, facts: CheckFacts, findings: Finding[]): BerthError | undefined {
  const ends = new Map<number, StageState & { memory: StageMemory }>();
  const stages = plan.wish.target === undefined || plan.wish.target === '' ? plan.stages : plan.order;
  const defaults = defaultsOf(plan);
  for (const stage of stages) {
    const before = stage.base.kind === 'stage' ? ends.get(stage.base.index) : undefined;
    const base: CheckedBase = before ?? facts.base?.(stage) ?? { config: {} };
    findings.push(...checkFrom(plan, stage, defaults, base.platform));
    const memory: StageMemory = { last: new Map(), workdirSet: before?.memory.workdirSet ?? false };
    try {
      const run = new StageRun(plan, stage, base);
      for (let operation = run.next(); operation !== undefined; operation = run.next()) {
        const missing = new Set(run.missing);
        run.missing.clear();
        if (operation.trigger) continue;
        findings.push(...checkStep(run, operation, missing, memory, facts.ignore ?? NO_IGNORE_RULES));
      }
      ends.set(stage.index, { ...run.state, memory });
    } catch (error) {
      if (error instanceof BerthError) return error;
      throw error;
    }
  }
  return undefined;
}
