import type { Command } from '../../command.ts';
import type { Context } from '../../context.ts';
import { parseFlags } from '../../flags/parse.ts';

/** Runs another command of the client with these words, as if they had been written. */
export function delegate(
  context: Context,
  command: Command,
  words: readonly string[],
  invoked: string,
): Promise<number> {
  const { flags, args } = parseFlags(words, command.flags, command.interspersed ?? true);
  return command.run(context, { flags, args, invoked });
}
