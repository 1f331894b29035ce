import { BerthError } from '@berth/kit';
import { expandWord } from '../expand/word.ts';
import type { IgnoreRules } from '../ignore/rules.ts';
import type { CopyInstruction, ExposeInstruction, Instruction } from '../model.ts';
import type { Operation } from '../plan/operations.ts';
import { joinPath } from '../plan/paths.ts';
import { type BuildPlan, globalsOf, type Stage } from '../plan/plan.ts';
import { formatPlatform, type Platform, parsePlatform } from '../plan/platform.ts';
import type { StageRun } from '../plan/run.ts';
import { nearest } from '../suggest.ts';
import { type Finding, finding } from './finding.ts';
import { isReference } from './reference.ts';

/** The global arguments as they are without any `--build-arg`; undefined when a default cannot be expanded. */
export function defaultsOf({ dockerfile, globalArgs, wish }: BuildPlan): ReadonlyMap<string, string> | undefined {
  try {
    return globalsOf(dockerfile, globalArgs, { ...wish, buildArgs: {} });
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

/** What FROM of a stage tells. `actual` is the platform of the image that is there. */
export function checkFrom(
  plan: BuildPlan,
  stage: Stage,
  defaults: ReadonlyMap<string, string> | undefined,
  actual: Platform | undefined,
): Finding[] {
  const { from } = stage;
  const found = [...undefinedArgs(plan, from.image, stage), ...platformFlag(plan, stage)];
  const byDefault = defaults === undefined ? undefined : expanded(plan, from.image, defaults);
  if (byDefault !== undefined && !isReference(byDefault.text)) {
    const message = `Default value for ARG ${from.image} results in empty or invalid base image name`;
    found.push(finding('InvalidDefaultArgInFrom', from, message));
  }
  const wanted =
    stage.platform === undefined ? plan.wish.targetPlatform : parsePlatform(stage.platform, plan.wish.buildPlatform);
  if (actual !== undefined && (actual.os !== wanted.os || actual.architecture !== wanted.architecture)) {
    const [is, should] = [formatPlatform(actual), formatPlatform(wanted)].map((text) => JSON.stringify(text));
    const message = `Base image ${stage.baseText} was pulled with platform ${is}, expected ${should} for current build`;
    found.push(finding('InvalidBaseImagePlatform', from, message));
  }
  return found;
}

function expanded(plan: BuildPlan, text: string, variables: ReadonlyMap<string, string>) {
  try {
    return expandWord(text, (name) => variables.get(name), { escape: plan.dockerfile.escape });
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

function undefinedArgs(plan: BuildPlan, text: string, stage: Stage): Finding[] {
  const declared = new Set([
    ...plan.globals.keys(),
    ...plan.globalArgs.flatMap(({ args }) => args.map(({ name }) => name)),
  ]);
  return [...(expanded(plan, text, plan.globals)?.missing ?? [])]
    .filter((name) => !declared.has(name))
    .map((name) => {
      const near = nearest(name, [...declared], true);
      const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
      return finding('UndefinedArgInFrom', stage.from, `FROM argument '${name}' is not declared${hint}`);
    });
}

function platformFlag(plan: BuildPlan, stage: Stage): Finding[] {
  const { from } = stage;
  if (from.platform === undefined) return [];
  const found = undefinedArgs(plan, from.platform, stage);
  const result = expanded(plan, from.platform, plan.globals);
  if (result === undefined) return found;
  const { text, found: names, missing } = result;
  const redundant = names.size === 1 && missing.size === 0 && names.has('TARGETPLATFORM');
  if (redundant && text === plan.globals.get('TARGETPLATFORM')) {
    const message = `Setting platform to predefined ${from.platform} in FROM is redundant as this is the default behavior`;
    found.push(finding('RedundantTargetPlatform', from, message));
  }
  const platform = names.size === 0 && missing.size === 0 ? readPlatform(text, plan) : undefined;
  const named = (part: string) => from.name?.includes(part) === true;
  if (platform !== undefined && !named(platform.os) && !named(platform.architecture)) {
    const message = `FROM --platform flag should not use constant value ${JSON.stringify(text)}`;
    found.push(finding('FromPlatformFlagConstDisallowed', from, message));
  }
  return found;
}

function readPlatform(text: string, { wish }: BuildPlan): Platform | undefined {
  try {
    return parsePlatform(text, wish.buildPlatform);
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

/** What is known of a stage while it runs. */
export interface StageMemory {
  /** The last CMD, ENTRYPOINT and HEALTHCHECK. */
  last: Map<string, Instruction>;
  /** WORKDIR was set in this file. */
  workdirSet: boolean;
}

/** What one instruction tells once it was carried out. `missing`: variables that nobody set. */
export function checkStep(
  run: StageRun,
  operation: Operation,
  missing: ReadonlySet<string>,
  memory: StageMemory,
  ignore: IgnoreRules,
): Finding[] {
  const { instruction } = operation;
  const found = [...missing].flatMap((name) => undefinedVariable(run, instruction, name));
  switch (instruction.kind) {
    case 'cmd':
    case 'entrypoint':
    case 'healthcheck':
      found.push(...onlyOnce(instruction, memory));
      if (instruction.kind !== 'healthcheck' && instruction.command.form === 'shell' && !run.config.Shell?.length) {
        const name = instruction.keyword;
        const message = `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`;
        found.push(finding('JSONArgsRecommended', instruction, message));
      }
      return found;
    case 'workdir':
      if (!memory.workdirSet && !run.expand(instruction.value).startsWith('/')) {
        const shown = JSON.stringify(run.expand(instruction.value));
        const message = `Relative workdir ${shown} can have unexpected results if the base image changes`;
        found.push(finding('WorkdirRelativePath', instruction, message));
      }
      memory.workdirSet = true;
      return found;
    case 'expose':
      return [...found, ...exposed(run, instruction)];
    case 'copy':
    case 'add':
      return [...found, ...ignored(instruction, operation, ignore)];
    default:
      return found;
  }
}

function undefinedVariable(run: StageRun, instruction: Instruction, name: string): Finding[] {
  if (run.args.has(name)) return [];
  const near = nearest(name, [...run.env.keys(), ...run.args.keys()], true);
  const hint = near === undefined ? '' : ` (did you mean $${near}?)`;
  return [finding('UndefinedVar', instruction, `Usage of undefined variable '$${name}'${hint}`)];
}

/** The earlier one is blamed: it is the one without effect. */
function onlyOnce(instruction: Instruction, { last }: StageMemory): Finding[] {
  const earlier = last.get(instruction.kind);
  last.set(instruction.kind, instruction);
  if (earlier === undefined) return [];
  const name = instruction.keyword;
  const message = `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`;
  return [finding('MultipleInstructionsDisallowed', earlier, message)];
}

function exposed(run: StageRun, instruction: ExposeInstruction): Finding[] {
  return instruction.ports
    .flatMap((port) => run.expansion(port).words)
    .flatMap((port) => {
      const found: Finding[] = [];
      const protocol = port.includes('/') ? port.slice(port.lastIndexOf('/') + 1) : '';
      if (protocol !== protocol.toLowerCase()) {
        const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`;
        found.push(finding('ExposeProtoCasing', instruction, message));
      }
      if (port.includes(':')) {
        const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
        found.push(finding('ExposeInvalidFormat', instruction, message));
      }
      return found;
    });
}

function ignored(instruction: CopyInstruction, operation: Operation, ignore: IgnoreRules): Finding[] {
  if (!('sources' in operation) || operation.root.kind !== 'context') return [];
  const verb = instruction.kind === 'copy' ? 'Copy' : 'Add';
  return operation.sources.flatMap((source) => {
    if (source.kind !== 'path') return [];
    const path = joinPath('/', source.path).slice(1);
    if (path === '' || !ignore.isExcluded(path)) return [];
    const message = `Attempting to ${verb} file ${JSON.stringify(source.path)} that is excluded by .dockerignore`;
    return [finding('CopyIgnoredFile', instruction, message)];
  });
}
