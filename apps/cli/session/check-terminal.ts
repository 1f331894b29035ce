import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';

/** Refuses to type into a process's terminal from something that is none. */
export function checkTerminal(context: Context, stdin: boolean, tty: boolean): void {
  if (stdin && tty && !context.in.isTerminal) throw new CliError('the input device is not a TTY');
}
