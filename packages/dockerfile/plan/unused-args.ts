import type { Instruction } from '../model.ts';
import { BUILDER_ARGS, PROXY_ARGS } from './arguments.ts';
import type { BuildPlan } from './plan.ts';

/**
 * Names that were passed with `--build-arg` and that no ARG declares: Docker warns of them. `triggers` are the ONBUILD
 * instructions that bases brought along.
 */
export function unusedBuildArgs(plan: BuildPlan, triggers: readonly Instruction[] = []): string[] {
  const used = new Set<string>([...PROXY_ARGS, ...BUILDER_ARGS, ...platformNames(plan)]);
  const declaring = [...plan.globalArgs, ...plan.order.flatMap(({ instructions }) => instructions), ...triggers];
  for (const instruction of declaring) {
    if (instruction.kind === 'arg') for (const { name } of instruction.args) used.add(name);
  }
  return Object.keys(plan.wish.buildArgs ?? {})
    .filter((name) => !used.has(name))
    .sort();
}

function platformNames(plan: BuildPlan): string[] {
  return [...plan.globals.keys()].filter((name) => /^(?:BUILD|TARGET)[A-Z]+$/.test(name));
}
