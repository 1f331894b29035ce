import { CliError } from './cli-error.ts';
import type { Arity } from './command.ts';

/** Refuses a number of arguments that a command does not take, in Docker's words. */
export function checkArity(
  count: number,
  arity: Arity,
  names: { invoked: string; usage: string; programName: string },
): void {
  const { min, max } = arity;
  if (count >= min && count <= max) return;
  const plural = (n: number) => `${n} argument${n === 1 ? '' : 's'}`;
  let need: string;
  let verb = 'Run';
  if (max === 0) need = 'accepts no arguments';
  else if (min === max) need = `requires ${plural(min)}`;
  else if (max === Number.POSITIVE_INFINITY) {
    need = `requires at least ${plural(min)}`;
    verb = 'See';
  } else if (min === 0) {
    need = `requires at most ${plural(max)}`;
  } else need = `requires at least ${min} and at most ${plural(max)}`;
  throw new CliError(
    `${names.programName}: '${names.invoked}' ${need}\n\nUsage:  ${names.usage}\n\n${verb} '${names.invoked} --help' for more information`,
  );
}
