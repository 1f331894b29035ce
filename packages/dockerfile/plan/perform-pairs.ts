import type { ArgInstruction, PairsInstruction } from '../model.ts';
import { setEnv } from './config.ts';
import type { StageRun } from './run.ts';

/** Sets variables; those of one line do not see each other. Answers the line of history. */
export function performEnv(run: StageRun, instruction: PairsInstruction): string {
  const pairs = instruction.pairs.map(({ name, value }) => ({ name: run.expand(name), value: run.expand(value) }));
  const env = [...(run.config.Env ?? [])];
  for (const { name, value } of pairs) {
    setEnv(env, name, value);
    run.env.set(name, value);
  }
  run.config.Env = env;
  return `ENV ${pairs.map(({ name, value }) => `${name}=${value}`).join(' ')}`;
}

export function performLabel(run: StageRun, instruction: PairsInstruction): string {
  const pairs = instruction.pairs.map(({ name, value }) => ({ name: run.expand(name), value: run.expand(value) }));
  // built anew: a name like __proto__ is an ordinary label
  run.config.Labels = Object.fromEntries([
    ...Object.entries(run.config.Labels ?? {}),
    ...pairs.map(({ name, value }) => [name, value] as const),
  ]);
  return `LABEL ${pairs.map(({ name, value }) => `${name}=${value}`).join(' ')}`;
}

/**
 * Declares arguments: the value passed, else the default, else the global one of that name. History has the default: a
 * value that was passed counts from its first use on.
 */
export function performArg(run: StageRun, instruction: ArgInstruction): string {
  const { buildArgs = {} } = run.plan.wish;
  const shown: string[] = [];
  for (const { name, value } of instruction.args) {
    const passed = Object.hasOwn(buildArgs, name);
    // a default that is not used is not expanded either: it may be one that fails, `${x:?}`
    const byDefault = value === undefined || passed ? value : run.expand(value);
    run.args.set(name, passed ? buildArgs[name] : (byDefault ?? run.plan.globals.get(name)));
    shown.push(byDefault === undefined ? name : `${name}=${byDefault}`);
  }
  return `ARG ${shown.join(' ')}`;
}
